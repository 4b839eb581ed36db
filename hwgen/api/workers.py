# SPDX-License-Identifier: Apache-2.0
"""Work done elsewhere: by processes on this machine, or by a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from hwgen.errors import ConfigError, ToolFailed, ToolMissing

# Calls a function on each tuple of arguments; each result is handed over as soon as it is there.
Run: TypeAlias = Callable[
    [Callable[..., Any], Sequence[tuple[Any, ...]], Callable[[int, Any], None]], None
]
_PATIENCE = 10.0  # seconds that a scheduler has to answer


@contextlib.contextmanager
def crew(jobs: int, scheduler: str | None = None) -> Iterator[Run]:
    """Give a `Run`; its workers end with the block.

    Args:
        jobs: processes on this machine; 0 works in this one.
        scheduler: address of a Dask scheduler, such as ``tcp://host:8786``; *jobs* is then ignored.
            Its workers need the same hwgen.

    Raises:
        ConfigError: *scheduler* is no address.
        ToolMissing: Dask is not installed.
        ToolFailed: the scheduler does not answer, or has no workers.
    """
    if scheduler is None and jobs < 1:
        yield _here
        return
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(_client(jobs, scheduler, stack))

        def run(
            function: Callable[..., Any],
            tasks: Sequence[tuple[Any, ...]],
            done: Callable[[int, Any], None],
        ) -> None:
            import distributed

            dask: Any = distributed  # it has no types to speak of
            # Not pure: what a worker of an earlier run made is not to be taken for this one's.
            futures = {
                client.submit(function, *task, pure=False): i for i, task in enumerate(tasks)
            }
            try:
                for future in dask.as_completed(futures):
                    done(futures[future], future.result())
            finally:
                client.cancel(list(futures), force=True)

        yield run


def _here(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], done: Callable[[int, Any], None]
) -> None:
    for i, task in enumerate(tasks):
        done(i, function(*task))


def _client(jobs: int, scheduler: str | None, stack: contextlib.ExitStack) -> Any:
    try:
        import distributed
    except ImportError:
        raise ToolMissing(
            "Dask distributed is not installed", "workers", "pip install 'hwgen[explore]'"
        ) from None
    dask: Any = distributed
    if scheduler is None:
        cluster = dask.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
        return dask.Client(stack.enter_context(cluster))
    hint = "start one with 'dask scheduler' and 'dask worker', or leave the option out"
    try:
        client = dask.Client(scheduler, timeout=_PATIENCE)
    except ValueError as error:
        raise ConfigError(
            f"{scheduler!r} is no address: {error}", "--scheduler", "write tcp://host:8786"
        ) from error
    except OSError as error:
        raise ToolFailed(
            f"no Dask scheduler answers at {scheduler}", "--scheduler", hint
        ) from error
    if not client.scheduler_info()["workers"]:
        client.close()
        raise ToolFailed(f"the scheduler at {scheduler} has no workers", "--scheduler", hint)
    return client
