// Checks a page as it is laid out; runs in an iframe of its own width and tells its parent.
(() => {
  const found = [];
  const name = (node) => (node.textContent || "").trim().slice(0, 40);
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.textContent.trim() || node.parentElement.closest("style,script")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      if (box.left < -1 || box.right > innerWidth + 1) found.push(`off screen: ${name(node)}`);
      texts.push([box, node]);
    }
  }
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length; j++) {
      const [a, m] = texts[i], [b, n] = texts[j];
      if (m === n || m.parentElement.contains(n) || n.parentElement.contains(m)) continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 3) found.push(`overprinted: ${name(m)} | ${name(n)}`);
    }
  }
  for (const box of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(box);
    const hides = [style.overflowX, style.overflowY].some((kind) => kind !== "visible");
    if (hides && box.tagName !== "svg" && !box.closest("svg") &&
        (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1))
      found.push(`inner scroll: ${box.className}`);
  }
  for (const bar of document.body.querySelectorAll(".fill")) {
    if (getComputedStyle(bar).backgroundColor === "rgba(0, 0, 0, 0)" || bar.offsetWidth < 1)
      found.push(`a bar that is not seen: ${bar.className}`);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1) found.push("the page is too wide");
  parent.document.title = JSON.stringify({ texts: texts.length, width: innerWidth, found });
})();
