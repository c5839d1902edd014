"""`python -m integrations.contract.certify` says whether a company keeps the contract.

Run it against the company's test system: every check uses fresh references, and orders are left behind. It
ends with 0 when nothing failed, and with 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

from integrations.contract.bench import Bench, CheckFailed, NotTried, Site
from integrations.contract.checks import CHECKS, Check
from integrations.contract.listener import Listener


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check: `passed`, `failed` or `not tried`, and why."""

    check: str
    title: str
    result: str
    detail: str = ""


def certify(bench: Bench, checks: Sequence[Check] = tuple(CHECKS)) -> list[Result]:
    """Run the checks and return what came of each; none stops the others."""
    return [_run(check, bench) for check in checks]


def _run(check: Check, bench: Bench) -> Result:
    name = check.__name__.replace("_", "-")
    title = (check.__doc__ or name).strip()
    try:
        check(bench)
    except NotTried as reason:
        return Result(name, title, "not tried", str(reason))
    except CheckFailed as failure:
        return Result(name, title, "failed", str(failure))
    except (httpx2.HTTPError, KeyError, TypeError, ValueError) as error:
        # The answer was so different from the contract that it could not even be read.
        return Result(name, title, "failed", f"{type(error).__name__}: {error}")
    return Result(name, title, "passed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m integrations.contract.certify", description=__doc__)
    parser.add_argument("--base-url", required=True, help="the company's address, without /v1")
    token = parser.add_mutually_exclusive_group(required=True)
    token.add_argument("--token")
    token.add_argument("--token-file", type=Path)
    parser.add_argument(
        "--site", type=Path, required=True, help="a serviceable parcel of the test system (JSON)"
    )
    parser.add_argument("--webhook-secret-file", type=Path)
    parser.add_argument("--listen", metavar="HOST:PORT", help="where webhooks can reach this machine")
    parser.add_argument("--listen-url", help="that place as the company sees it, if different")
    parser.add_argument("--patience-s", type=float, default=30.0)
    parser.add_argument("--json", type=Path, help="also write the results here")
    return parser


def _listener(options: argparse.Namespace) -> Listener | None:
    if options.listen is None:
        return None
    host, _, port = options.listen.rpartition(":")
    return Listener(host or "127.0.0.1", int(port), options.listen_url)


def _bench(options: argparse.Namespace, listener: Listener | None) -> Bench:
    secret = options.webhook_secret_file
    return Bench(
        base_url=options.base_url,
        token=options.token or options.token_file.read_text(encoding="utf-8").strip(),
        site=Site(**json.loads(options.site.read_text(encoding="utf-8"))),
        webhook_secret=secret.read_text(encoding="utf-8").strip() if secret else None,
        listener=listener,
        patience_s=options.patience_s,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Certify the company the arguments name; print one line per check."""
    options = _parser().parse_args(arguments)
    with ExitStack() as stack:
        listener = _listener(options)
        if listener is not None:
            stack.enter_context(listener)
        bench = _bench(options, listener)
        stack.callback(bench.close)
        results = certify(bench)
    for each in results:
        sys.stdout.write(f"{each.result:9}  {each.check:34}  {each.detail or each.title}\n")
    failed = sum(each.result == "failed" for each in results)
    passed = sum(each.result == "passed" for each in results)
    sys.stdout.write(f"{passed} passed, {failed} failed, {len(results) - passed - failed} not tried\n")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in results], indent=2, ensure_ascii=False))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
