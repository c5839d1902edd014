"""What the company may answer instead of doing what was asked (RFC 9457)."""

from __future__ import annotations

from typing import Any, ClassVar

from geo.errors import PanjerehError
from integrations.sandbox.texts import words

MEDIA_TYPE = "application/problem+json"
TYPE_ROOT = "https://panjereh.example/company/problems/"

_CONFLICTS = {"tombstoned", "hold-expired", "already-confirmed", "cancelled"}


class CompanyProblem(PanjerehError):
    """The company did not do what was asked."""

    code = "company-problem"
    status: ClassVar[int] = 500

    def body(self) -> dict[str, Any]:
        """Return the problem document."""
        title = (type(self).__doc__ or self.code).strip().split("\n", 1)[0]
        return {
            "type": TYPE_ROOT + self.code,
            "title": title,
            "status": self.http_status,
            "detail": title,
            "code": self.code,
            "params": self.params,
        }

    @property
    def http_status(self) -> int:
        """The HTTP status this problem is sent with."""
        return self.status


class InvalidRequest(CompanyProblem):
    """The request does not follow the contract."""

    code = "invalid-request"
    status = 400


class IdempotencyKeyMissing(CompanyProblem):
    """A POST needs an Idempotency-Key header."""

    code = "idempotency-key-missing"
    status = 400


class Unauthorised(CompanyProblem):
    """The bearer token is missing or wrong."""

    code = "unauthorised"
    status = 401


class NotFound(CompanyProblem):
    """There is nothing under this reference."""

    code = "not-found"
    status = 404


class KeyInProgress(CompanyProblem):
    """A request with this Idempotency-Key is still being worked on; ask again shortly."""

    code = "idempotency-in-progress"
    status = 409


class OrderDiffers(CompanyProblem):
    """Another order with other terms is already known under this reference."""

    code = "order-differs"
    status = 409


class KeyReused(CompanyProblem):
    """The Idempotency-Key was used for another request."""

    code = "idempotency-key-reused"
    status = 422


class Unavailable(CompanyProblem):
    """The company's system is not available now; nothing was done."""

    code = "unavailable"
    status = 503


class Broken(CompanyProblem):
    """Something broke in the company's system; whether the request took effect is not said."""

    code = "internal"
    status = 500


class Refused(CompanyProblem):
    """The company refuses."""

    code = "refused"

    def __init__(self, refusal: str) -> None:
        super().__init__(refusal=refusal)
        self.refusal = refusal

    @property
    def http_status(self) -> int:
        """409 where the order's state stands against it, 422 where the company will not."""
        return 409 if self.refusal in _CONFLICTS else 422

    def body(self) -> dict[str, Any]:
        """Return the problem document with the machine's `refusal` and its `reason` in words."""
        reason = words("refusal", self.refusal)
        return super().body() | {"detail": reason["en"], "refusal": self.refusal, "reason": reason}
