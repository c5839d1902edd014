"""The words that agencies call their columns and values by, in English, Persian (also in Latin letters) and German.

Only for proposals, which a person accepts: a word here never maps anything by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, Mapping[str, tuple[str, ...]]]

# Ids that a program gives its rows when it writes a file: they change with every export.
WRITERS_IDS = frozenset({"gml id", "fid", "gid", "handle", "objectid", "object id", "globalid"})

# canonical field -> language -> names, in lower case, parts joined by blanks.
FIELD_WORDS: Words = {
    "feature_id": {
        "en": ("id", "feature id", "line id", "pipe id", "asset id", "facility id", "facilityid", "globalid", "gid",
               "objectid", "object id", "uid", "ref", "node id", "valve id", "parcel id", "building id", "handle",
               "gml id", "fid"),
        "fa": ("شناسه", "کد", "کد لوله", "کد شناسایی", "شماره", "شناسه لوله", "کد خط", "code", "shenase", "cod"),
        "de": ("kennung", "nummer", "leitungsnummer", "leitungs id", "objekt id", "lfd nr"),
    },
    "role": {
        "en": ("role", "kind", "type", "line type", "pipe type", "function", "category"),
        "fa": ("نوع", "نوع خط", "نوع لوله", "نقش", "کاربرد", "no", "noe", "noe khat"),
        "de": ("art", "typ", "leitungsart", "leitungstyp", "funktion"),
    },
    "kind": {
        "en": ("kind", "type", "device type", "node type", "category"),
        "fa": ("نوع", "نوع تجهیز", "نوع شیر", "noe"),
        "de": ("art", "typ", "bauart"),
    },
    "diameter_mm": {
        "en": ("diameter", "dia", "diam", "dn", "od", "size", "pipe size", "pipe diameter", "nominal diameter"),
        "fa": ("قطر", "قطر لوله", "سایز", "ghotr", "qotr", "gotr", "size"),
        "de": ("durchmesser", "nennweite", "rohrdurchmesser", "dn", "da"),
    },
    "material": {
        "en": ("material", "mat", "pipe material", "matl"),
        "fa": ("جنس", "جنس لوله", "jens", "jense", "jens lule"),
        "de": ("material", "werkstoff", "rohrmaterial", "rohrwerkstoff"),
    },
    "cover_m": {
        "en": ("cover", "depth", "burial depth", "bury depth", "depth of cover", "cover depth", "laying depth"),
        "fa": ("عمق", "عمق دفن", "عمق لوله", "عمق کارگذاری", "omgh", "omq", "omg"),
        "de": ("tiefe", "überdeckung", "ueberdeckung", "verlegetiefe", "deckung"),
    },
    "pressure_bar": {
        "en": ("pressure", "press", "operating pressure", "maop", "mop"),
        "fa": ("فشار", "فشار کاری", "feshar"),
        "de": ("druck", "betriebsdruck", "druckstufe"),
    },
    "voltage_kv": {
        "en": ("voltage", "volt", "kv", "rated voltage", "nominal voltage"),
        "fa": ("ولتاژ", "سطح ولتاژ", "voltaj"),
        "de": ("spannung", "nennspannung", "spannungsebene"),
    },
    "status": {
        "en": ("status", "state", "operational status", "lifecycle", "life cycle status"),
        "fa": ("وضعیت", "حالت", "vaziat", "vaziyat"),
        "de": ("status", "zustand", "betriebszustand"),
    },
    "installed_year": {
        "en": ("year", "install year", "installed year", "year built", "construction year", "installation year"),
        "fa": ("سال", "سال نصب", "سال اجرا", "سال ساخت", "sal", "sale nasb", "sal nasb", "sale ejra"),
        "de": ("baujahr", "jahr", "einbaujahr", "verlegejahr"),
    },
    "surveyed_on": {
        "en": ("survey date", "surveyed on", "surveyed", "date surveyed", "measured on"),
        "fa": ("تاریخ برداشت", "تاریخ نقشه برداری", "تاریخ", "tarikh", "tarikh bardasht"),
        "de": ("aufnahmedatum", "vermessungsdatum", "einmessdatum"),
    },
    "horizontal_uncertainty_m": {
        "en": ("accuracy", "horizontal accuracy", "position accuracy", "xy accuracy"),
        "fa": ("دقت", "دقت مسطحاتی", "deghat"),
        "de": ("genauigkeit", "lagegenauigkeit"),
    },
    "vertical_uncertainty_m": {
        "en": ("vertical accuracy", "depth accuracy", "z accuracy"),
        "fa": ("دقت ارتفاعی", "دقت عمق"),
        "de": ("höhengenauigkeit", "tiefengenauigkeit"),
    },
    "from_node": {
        "en": ("from node", "from", "start node", "node from", "us node", "node1", "upstream node"),
        "fa": ("گره ابتدا", "گره شروع", "از گره"),
        "de": ("von knoten", "anfangsknoten", "startknoten"),
    },
    "to_node": {
        "en": ("to node", "to", "end node", "node to", "ds node", "node2", "downstream node"),
        "fa": ("گره انتها", "گره پایان", "به گره"),
        "de": ("nach knoten", "endknoten", "zielknoten"),
    },
    "main_id": {
        "en": ("main id", "parent main", "main"),
        "fa": ("کد خط اصلی",),
        "de": ("hauptleitung", "hauptleitung id"),
    },
    "node_id": {"en": ("node id", "node"), "fa": ("کد گره", "گره"), "de": ("knoten", "knoten id")},
    "normal_state": {
        "en": ("normal state", "normally", "open closed", "position"),
        "fa": ("حالت عادی", "باز بسته"),
        "de": ("normalstellung", "stellung"),
    },
    "rating_kva": {
        "en": ("rating", "kva", "rated power", "capacity"),
        "fa": ("ظرفیت", "توان", "zarfiat"),
        "de": ("nennleistung", "leistung"),
    },
    "class_code": {
        "en": ("class", "class code", "pressure class"),
        "fa": ("رده", "کلاس", "رده فشار"),
        "de": ("klasse", "druckklasse"),
    },
    "area_m2": {
        "en": ("area", "area m2", "shape area", "sqm"),
        "fa": ("مساحت", "متراژ", "masahat"),
        "de": ("fläche", "flaeche", "amtliche fläche"),
    },
    "land_use": {
        "en": ("land use", "landuse", "zoning"),
        "fa": ("کاربری", "کاربری زمین", "karbari"),
        "de": ("nutzung", "nutzungsart"),
    },
    "use": {"en": ("use", "building use", "building type"), "fa": ("کاربری", "karbari"), "de": ("nutzung", "funktion")},
    "renovation_code": {
        "en": ("renovation code",),
        "fa": ("کد نوسازی", "کدنوسازی", "nosazi", "code nosazi", "kod nosazi"),
        "de": (),
    },
    "postal_code": {
        "en": ("postal code", "postcode", "zip code", "zip"),
        "fa": ("کد پستی", "کدپستی", "code posti", "kod posti"),
        "de": ("postleitzahl", "plz"),
    },
    "plate_main": {
        "en": ("main plate", "plate main"),
        "fa": ("پلاک اصلی", "اصلی", "pelak asli"),
        "de": (),
    },
    "plate_sub": {
        "en": ("sub plate", "plate sub"),
        "fa": ("پلاک فرعی", "فرعی", "pelak farei"),
        "de": (),
    },
    "plate_section": {
        "en": ("plate section", "registration section"),
        "fa": ("بخش ثبتی", "بخش", "bakhsh sabti"),
        "de": (),
    },
    "storeys": {
        "en": ("storeys", "stories", "floors", "levels", "number of floors"),
        "fa": ("طبقات", "تعداد طبقات", "طبقه", "tabaghe"),
        "de": ("geschosse", "stockwerke", "anzahl geschosse"),
    },
    "name": {
        "en": ("name", "street name", "building name"),
        "fa": ("نام", "نام معبر", "نام خیابان", "nam"),
        "de": ("name", "bezeichnung", "straßenname"),
    },
    "street": {"en": ("street", "street name"), "fa": ("خیابان", "معبر", "khiaban"), "de": ("straße", "strasse")},
    "number": {
        "en": ("number", "house number", "housenumber"),
        "fa": ("پلاک", "شماره پلاک", "pelak"),
        "de": ("hausnummer", "hnr"),
    },
    "street_class": {
        "en": ("class", "road class", "street class", "highway"),
        "fa": ("نوع معبر", "رده معبر"),
        "de": ("straßenklasse", "klasse"),
    },
    "width_m": {
        "en": ("width", "street width", "road width"),
        "fa": ("عرض", "عرض معبر", "arz"),
        "de": ("breite", "straßenbreite"),
    },
    "building_ref": {"en": ("building id", "building ref"), "fa": ("کد ساختمان",), "de": ("gebäude id",)},
    "parcel_ref": {"en": ("parcel id", "parcel ref"), "fa": ("کد ملک", "کد قطعه"), "de": ("flurstück",)},
    "species": {
        "en": ("species", "tree species", "botanical name"),
        "fa": ("گونه", "گونه درخت", "نام گونه"),
        "de": ("baumart", "art", "gattung"),
    },
    "trunk_diameter_mm": {
        "en": ("trunk diameter", "stem diameter", "dbh", "girth", "trunk girth", "circumference"),
        "fa": ("قطر تنه", "قطر برابر سینه", "محیط تنه"),
        "de": ("stammdurchmesser", "bhd", "stammumfang", "umfang"),
    },
    "crown_diameter_m": {
        "en": ("crown", "crown diameter", "crown spread", "canopy diameter"),
        "fa": ("قطر تاج", "تاج"),
        "de": ("kronendurchmesser", "krone"),
    },
    "origin": {
        "en": ("origin", "data source", "source"),
        "fa": ("منبع", "منبع داده"),
        "de": ("herkunft", "quelle"),
    },
}  # fmt: skip

# field -> our word -> how it is written elsewhere (lower case).
CODE_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "role": {
        "main": ("main", "m", "mains", "distribution", "distribution main", "dist", "اصلی", "خط اصلی", "توزیع",
                 "لوله اصلی", "شبکه توزیع", "asli", "hauptleitung", "versorgungsleitung", "hl", "vl"),
        "service": ("service", "s", "svc", "lateral", "house connection", "service line", "انشعاب", "خط انشعاب",
                    "انشعابات", "سرویس", "enshab", "hausanschluss", "anschlussleitung", "hausanschlussleitung", "al",
                    "ha"),
        "feeder": ("feeder", "f", "فیدر", "تغذیه", "خط تغذیه", "speiseleitung", "zubringer"),
        "transmission": ("transmission", "transmission main", "trunk", "t", "انتقال", "خط انتقال", "enteghal",
                         "fernleitung", "transportleitung"),
        "other": ("other", "unknown", "سایر", "دیگر", "نامشخص", "sonstige", "unbekannt"),
    },
    "status": {
        "in_service": ("in service", "in_service", "active", "a", "operational", "existing", "live", "فعال",
                       "در مدار", "بهره برداری", "در حال بهره‌برداری", "موجود", "faal", "in betrieb", "aktiv",
                       "bestand"),
        "out_of_service": ("out of service", "out_of_service", "inactive", "i", "غیرفعال", "غیر فعال", "خارج از مدار",
                           "außer betrieb", "ausser betrieb", "inaktiv"),
        "planned": ("planned", "proposed", "p", "design", "طرح", "پیشنهادی", "در دست اجرا", "طراحی", "geplant",
                    "in planung"),
        "abandoned": ("abandoned", "retired", "removed", "dead", "متروکه", "رها شده", "جمع آوری شده", "matruke",
                      "stillgelegt", "aufgegeben"),
        "unknown": ("unknown", "u", "نامشخص", "نامعلوم", "unbekannt"),
    },
    "normal_state": {
        "open": ("open", "o", "normally open", "no", "باز", "baz", "offen"),
        "closed": ("closed", "c", "normally closed", "nc", "بسته", "baste", "geschlossen", "zu"),
        "unknown": ("unknown", "نامشخص", "unbekannt"),
    },
    "material": {
        "PE": ("pe", "hdpe", "pe100", "pe80", "pe 100", "pe 80", "polyethylene", "پلی اتیلن", "پلی‌اتیلن",
               "polyethylen"),
        "PVC": ("pvc", "upvc", "u-pvc", "pvc-u", "پی وی سی", "پی‌وی‌سی"),
        "DI": ("di", "ductile iron", "ductile", "dci", "چدن داکتیل", "داکتیل", "چدن نشکن", "gjs", "ggg", "duktilguss"),
        "CI": ("ci", "cast iron", "چدن", "چدنی", "grauguss", "gg", "gusseisen"),
        "ST": ("st", "steel", "فولاد", "فولادی", "stahl"),
        "GI": ("gi", "galvanised", "galvanized", "گالوانیزه", "verzinkt"),
        "AC": ("ac", "asbestos cement", "asbestos", "آزبست", "آزبست سیمان", "az", "asbestzement", "faserzement"),
        "GRP": ("grp", "gfk", "جی آر پی", "فایبرگلاس"),
        "CONC": ("concrete", "conc", "بتن", "بتنی", "beton", "stahlbeton"),
        "CU": ("cu", "copper", "مس", "kupfer"),
        "AL": ("al", "aluminium", "aluminum", "آلومینیوم"),
        "CLAY": ("clay", "vitrified clay", "vc", "سفال", "steinzeug", "stz"),
    },
}  # fmt: skip

# What is measured around a trunk, not across it.
GIRTH_WORDS = frozenset({"girth", "circumference", "umfang", "stammumfang", "محیط"})
TREE_WORDS = frozenset({"tree", "trees", "درخت", "درختان", "baum", "bäume", "baeume", "baumkataster"})

# Units as they stand in a column's name.
UNIT_WORDS: Mapping[str, str] = {
    "mm": "mm", "cm": "cm", "m": "m", "meter": "m", "metre": "m", "in": "in", "inch": "in", "inches": "in",
    "zoll": "in", "اینچ": "in", "میلیمتر": "mm", "میلی": "mm", "سانتیمتر": "cm", "سانتی": "cm", "سانت": "cm",
    "متر": "m", "bar": "bar", "mbar": "mbar", "psi": "psi", "kpa": "kPa", "mpa": "MPa", "kv": "kV", "v": "V",
    "volt": "V", "kva": "kVA", "mva": "MVA", "ha": "ha", "ft": "ft", "بار": "bar", "کیلوولت": "kV", "شمسی": "jalali",
    "jalali": "jalali", "shamsi": "jalali", "میلادی": "gregorian",
}  # fmt: skip

# What a layer is about, by the words of its file, table or DXF layer.
UTILITY_WORDS: Mapping[str, tuple[str, ...]] = {
    "water": ("water", "wasser", "آب", "ab", "wat"),
    "sewer": ("sewer", "waste", "abwasser", "kanal", "فاضلاب", "fazelab"),
    "stormwater": ("storm", "drain", "drainage", "regenwasser", "آب سطحی", "سیلاب"),
    "electricity": (
        "power",
        "electric",
        "electricity",
        "cable",
        "strom",
        "kabel",
        "برق",
        "کابل",
        "bargh",
        "barq",
    ),
    "gas": ("gas", "گاز", "gaz"),
    "telecom": ("telecom", "fiber", "fibre", "telekom", "مخابرات", "فیبر", "mokhaberat"),
    "heating": ("heat", "heating", "fernwärme", "waerme", "گرمایش"),
}
