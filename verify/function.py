"""The verification as a function of a cloud: the connection comes in with the call, and the report goes back.

Nothing of the call is kept, printed or logged: it holds the password.
"""

from collections.abc import Mapping
from typing import Any

from verify import checks
from verify.checks.passwords import OtherPasswords
from verify.environment import CacheEnvironment, InvalidEnvironment
from verify.expectation import Expectation, InvalidExpectation


def handle(event: Mapping[str, Any], _context: object = None) -> dict[str, str]:
    """Check the cache of `event["environment"]` against `event["expectation"]`, a JSON text.

    Gives `{"report": …}`, the JSON of a `Report`; or `{"problem": …}` where the call itself makes no sense.
    `event["waitSeconds"]` is how long a cache that is not ready yet is waited for; `event["otherPasswords"]` has a
    rotation's `previous` and `retired` ones.
    """
    try:
        environment = CacheEnvironment.from_mapping(event["environment"])
        expectation = Expectation.from_json(event["expectation"])
        others = OtherPasswords(**event.get("otherPasswords", {}))
    except KeyError as missing:
        return {"problem": f"the call has no {missing}"}
    except (InvalidEnvironment, InvalidExpectation) as invalid:
        return {"problem": str(invalid)}
    try:
        report = checks.run(environment, expectation, others=others, wait_seconds=float(event.get("waitSeconds", 0)))
    except Exception as error:  # noqa: BLE001 — the cloud logs what is raised here, with all that it holds
        return {"problem": f"the checks broke: {type(error).__name__}"}
    return {"report": report.to_json()}
