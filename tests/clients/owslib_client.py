"""OWSLib against our open interface; run by whichever Python has it.

    python owslib_client.py ADDRESS LAYER WEST,SOUTH,EAST,NORTH FILTER

Prints one JSON object of what OWSLib read.
"""

import json
import sys

import owslib
from owslib.ogcapi.features import Features


def main(address, layer, box, condition):
    """List, describe and read, with every parameter that the client knows."""
    client = Features(address)
    try:
        last = client.collection_items(layer, limit=2, sortby=("area_m2", "desc"))
    except RuntimeError:  # older versions hand on what they are given
        last = client.collection_items(layer, limit=2, sortby="-area_m2")
    first_page = client.collection_items(layer, limit=400)
    seen = {
        "version": owslib.__version__,
        "title": client.response["title"],
        "described": client.api()["openapi"],
        "conforms": client.conformance()["conformsTo"],
        "collections": client.feature_collections(),
        "collection": client.collection(layer)["title"],
        "queryables": sorted(client.collection_queryables(layer)["properties"]),
        "whole": [client.collection_items(layer, limit=1)["numberMatched"], len(first_page["features"])],
        "offset": [each["id"] for each in client.collection_items(layer, limit=3, offset=400)["features"]],
        "in_box": [each["id"] for each in client.collection_items(layer, bbox=box)["features"]],
        "filtered": [each["id"] for each in client.collection_items(layer, filter=condition)["features"]],
        "largest": [each["properties"]["area_m2"] for each in last["features"]],
        "one": client.collection_item(layer, first_page["features"][0]["id"]),
        "first": first_page["features"][0],
    }
    try:
        client.collection_items(layer, bbox=[1, 2])
    except RuntimeError as error:
        seen["refused"] = json.loads(str(error))["code"]
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [float(part) for part in sys.argv[3].split(",")], sys.argv[4])
