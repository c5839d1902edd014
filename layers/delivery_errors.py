"""Why a delivery, or a file that is looked at before it, is refused; who answers for them needs none of the readers."""

from __future__ import annotations

from geo.errors import PanjerehError


class DeliveryNotFound(PanjerehError):
    """The layer has no delivery of this number."""

    code = "delivery-not-found"


class DeliveryNotHeld(PanjerehError):
    """Only a held delivery waits for a decision."""

    code = "delivery-not-held"


class NoCorrectionOffered(PanjerehError):
    """For this delivery no movement was found that would bring it where it belongs."""

    code = "no-correction-offered"


class NothingToRollBack(PanjerehError):
    """The layer has no delivery to take back."""

    code = "nothing-to-roll-back"


class RepairNotShown(PanjerehError):
    """The layer does not show what this delivery repaired."""

    code = "repair-not-shown"


class ColumnMissing(PanjerehError):
    """The delivered table lacks a column that the layer's field map names."""

    code = "column-missing"


class LayerNotPreviewed(PanjerehError):
    """There is no proposal for this layer to accept."""

    code = "layer-not-previewed"


class MappingInvalid(PanjerehError):
    """A mapping names a field, a column, a unit or a word that there is none of."""

    code = "mapping-invalid"


class MappingIncomplete(PanjerehError):
    """A mapping is accepted when its questions are answered."""

    code = "mapping-incomplete"


class MappingNotKept(PanjerehError):
    """The mapping cannot be kept: the city's folder cannot be written to."""

    code = "mapping-not-kept"
