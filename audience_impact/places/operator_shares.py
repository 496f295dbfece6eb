"""The share of a country's internet users who are on the networks of named operators.

Definitions. The share of operators in a month is the sum over their networks, as APNIC Labs
estimates it from where advertisements are shown: a share of use, so that a phone at home on Wi-Fi
counts for the fixed line. The jump of a country is the mean change of the log odds of its large
networks between two counts, weighted by users, over the square root of the years.

Method. The count nearest to the day is taken. Its log odds change by `operator_change` times the
square root of the years between, of which there is at least one: a count of the same month errs as
much as two counts a year apart differ. In a part of the country the log odds differ from those of
the country by `operator_region` as well, which was fitted to subscriptions by region; the half
widths of both add up in squares. Where the words of a source do not state that the operators
alone were cut, they are the part that is certain, and with a chance of 1 - ALONE any share of the
others was cut as well. In a country whose jump is larger than one country of all has by chance (in
a normal distribution of its logarithm, `operator_jump`), the counts are noise: no operator is
counted.

Assumptions. Shares of people online are those of the users whom advertisements reach. Each share of
the others is as likely as any other. An operator that was cut in a part of a country has customers
there (at least LEAST_REGIONAL_SHARE of all), and shares differ between districts as much as between
states. An operator of less than LARGE_SHARE of a country may have all its customers in one town or
none: nothing is estimated for it in a part of the country.

Known drawbacks. Where advertisements never reach users (Syria, China, Cuba), shares may be steady
and wrong; the rule on jumps does not recognise this. Small places differ more than the states to
which the spread was fitted.

Citation. L. Gigis et al., Seven Years in the Life of Hypergiants' Off-Nets (SIGCOMM 2021);
A First Look at APNIC's user population (IMC 2024).

The networks (AS) of an operator are found in the names under which networks are registered.

Definitions. A name of an operator is a brand, with an owner in brackets. A network is registered
under a handle (the first word) and the name of a company, before the code of a country. Words that
state only that a company sells access, its form, or its country do not distinguish two operators.

Method. The names of an operator are tried in this order, until one has a network in the country:
the brands; further names of the brands (fact table `operator_names`: earlier names and companies);
the owner; further names of the owner. A network has a name if, in this order: 1. it has all
distinguishing words of the name, each alone or before a word or code of the country or of the trade
("MTNAFGHANISTAN"), or all its words written as one; 2. its handle is the first letters of the
words, of the country and of "limited" ("VTL": Vodacom Tanzania Limited), or the beginnings of the
words ("ALGTEL"); or the name is the first letters of the company's words; 3. it has one of several
distinguishing words. A network with the same handle as one of these belongs to the same operator.
Networks registered in another country count where no others have the name. Where the name says
mobile or fixed, and registered names say so too, the networks of the other kind are left out.

Assumptions. Two operators of a country do not share distinguishing words.

Known drawbacks. Networks under the name of a subsidiary are missed unless the table names it.

Citation. Rules of this project, docs/method.md.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Spread
from audience_impact.periods import period_middle
from audience_impact.vocabulary import NetworkLaw, PartGap

OWNER = re.compile(r"\(([^()]*)\)")
NUMBER = re.compile(r"\bAS(\d+)\b")
CODE = re.compile(r",\s*([A-Z]{2})\s*$")
ANYWHERE = frozenset({"EU", "US", "GB", "ZZ", "AP", ""})
"""Codes of registration that do not state where the users are."""
TELECOM = re.compile(r"telekom\w*$")
"""Spellings of a word of the trade in several languages, at the end of a word."""


def split_words(text: str) -> list[str]:
    """Return the words of a name in lower case, without accents and signs, c written as k."""
    flat = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", flat.casefold().replace("'", "").replace("c", "k"))
    return [TELECOM.sub("telekom", word) for word in words]


PARTICLES = frozenset(split_words("of the and for de du des la le el al do da y e a an"))
LEGAL = frozenset(
    split_words(
        "ltd limited llc inc sa sas sarl plc pjsc jsc ojsc cjsc co company corp corporation group "
        "holding holdings pvt private srl spa ao ooo pt tbk sdn bhd lda joint stock public su ep "
        "operator operators provider providers enterprise enterprises societe empresa"
    )
)
MOBILE = frozenset(split_words("mobile mobil cell cel cellular celular moviles movil gsm lte"))
FIXED = frozenset(split_words("fixed broadband dsl adsl fiber fibre fttx fixe"))
TRADE = frozenset(
    split_words(
        "telecom telecoms tele tel telco telephone communications communication comms net network "
        "networks wireless internet online isp as asn ap bgp data service services system systems "
        "national international technology technologies ip digital media ns"
    )
) | (MOBILE | FIXED)
SHORTEST, STEM = 3, 5
"""Letters of the shortest name that may begin a word, and of the stem of a country's name."""
INITIALS = range(SHORTEST, 7)
"""Numbers of letters of names that are made of first letters."""


class Network(NamedTuple):
    """A network: its number, the words of its handle and of its company, and where registered."""

    asn: int
    handle: list[str]
    company: list[str]
    code: str

    @property
    def words(self) -> set[str]:
        """Return the words of the handle and of the company."""
        return {*self.handle, *self.company}


def read_network(asn: int, name: str) -> Network:
    """Return a network from its number and its name as registered."""
    code = CODE.search(name)
    handle, _, company = CODE.sub("", name).partition(" ")
    return Network(asn, split_words(handle), split_words(company), code[1] if code else "")


def find_networks(
    operator: str, networks: Sequence[Network], country: Sequence[str], names: pd.DataFrame
) -> set[int]:
    """Return the numbers of the networks of an operator in a country; none where none has its name.

    `country` has the code of the country and its names; `names` (name, also_name) further names of
    its operators.
    """
    numbers = {int(number) for number in NUMBER.findall(operator)}
    if numbers:
        return numbers & {network.asn for network in networks}
    code, stems = country[0].casefold(), {word for name in country for word in split_words(name)}
    words = (code, *sorted(stems - {code}))
    local = [network for network in networks if network.code in ANYWHERE | {country[0]}]
    for nets in (local, networks):
        for synonyms in _list_names(operator, names, words):
            same = {net.asn: net for name in synonyms for net in _find_by_name(name, nets, words)}
            if same:
                return _select_kind(list(same.values()), {*split_words(operator)})
    return set()


def _list_names(
    operator: str, names: pd.DataFrame, country: Sequence[str]
) -> Iterator[list[list[str]]]:
    """Yield sets of names in order; the first set that has a network is used.

    These are the brands, the owner, and single words of both, all with their further names.
    """
    owners = [split_words(owner) for owner in OWNER.findall(operator)]
    brands = [split_words(part) for part in OWNER.sub(" ", operator).split("/")]
    single = [
        [word]
        for name in (*brands, *owners)
        for word in name
        if len(name) > 1 and word not in TRADE | LEGAL and not _is_country(word, country)
    ]
    further = [
        (split_words(name), split_words(also))
        for name, also in zip(names["name"], names["also_name"], strict=True)
    ]
    for group in (brands, owners, single):
        yield [*group, *(also for name, also in further if name in group)]


def _find_by_name(
    words: list[str], networks: Sequence[Network], country: Sequence[str]
) -> list[Network]:
    """Return the networks of the first rule that finds any by name, and related networks."""
    full = [word for word in words if word not in LEGAL | PARTICLES]
    telling = [word for word in full if word not in TRADE and not _is_country(word, country)]
    if not telling and not set(full) - TRADE:
        return []
    for rule in (_is_written_so, _has_words, _has_beginnings, _is_shortened):
        same = [net for net in networks if rule(net, full, telling, country)]
        if same:
            handles = {net.handle[0] for net in same if "as" in net.handle[1:]}
            handles = {word for word in handles if len(word) > SHORTEST and word not in TRADE}
            return [net for net in networks if net in same or {*net.handle[:1]} & handles]
    return []


def _select_kind(networks: list[Network], kind: set[str]) -> set[int]:
    """Return the mobile or the fixed networks alone where the operator's name and theirs say so."""
    mobile = {net.asn for net in networks if MOBILE & net.words}
    rest = {net.asn for net in networks} - mobile
    if kind & MOBILE and mobile:
        return mobile
    return rest if kind & FIXED and rest else mobile | rest


def _is_country(word: str, country: Sequence[str]) -> bool:
    stems = {name[:STEM] for name in country[1:] if len(name) > SHORTEST}
    return word in country or word[:STEM] in stems


def _is_ending(text: str, country: Sequence[str]) -> bool:
    stems = [text, *(text.removesuffix(end) for end in ("as", "asn", "isp", "net", "bgp"))]
    return (
        text in TRADE
        or _is_country(text, country)
        or any(name.startswith(stem) for name in country for stem in stems)
    )


def _join_words(words: Sequence[str]) -> str:
    return "".join(word for word in words if word not in PARTICLES)


def _is_written_so(
    net: Network, full: list[str], telling: list[str], country: Sequence[str]
) -> bool:
    """Return whether a network has all words of a name, including country and trade."""
    joined = _join_words(full)
    is_long = len(joined) > STEM and any(
        joined in _join_words(text) for text in (net.handle, net.company)
    )
    return is_long if telling != full else is_long or _has_words(net, full, telling, country)


def _has_words(net: Network, _: list[str], telling: list[str], country: Sequence[str]) -> bool:
    return bool(telling) and set(telling) <= net.words


def _has_beginnings(net: Network, _: list[str], telling: list[str], country: Sequence[str]) -> bool:
    """Return whether a network has all distinctive words, alone or before an ending."""
    texts = net.words - TRADE
    is_short = any(len(word) < SHORTEST for word in telling)
    words = ["".join(telling)] if is_short else telling
    return len("".join(telling)) >= SHORTEST and all(
        any(
            text == word or (text.startswith(word) and _is_ending(text[len(word) :], country))
            for text in texts
        )
        for word in words
    )


def _is_shortened(
    net: Network, full: list[str], telling: list[str], country: Sequence[str]
) -> bool:
    """Return whether the name, or the handle, is made of first letters of the other."""
    if len(full) == 1 and full[0] in _list_initials(net.company):
        return True
    place = country[0]
    forms = (full, [*full, "limited"], [*full, place], [*full, place, "limited"])
    initials = {text for form in forms for text in _list_initials(form)}
    if not telling:
        initials.add("".join(word[0] for word in full) if len(full) > 1 else "")
    return any(
        text in initials
        or (len(full) > 1 and _is_beginnings(text, full))
        or _is_trade_of_country(text, "".join(full), country)
        for word in net.handle[:2]
        for text in (word, word.rstrip("0123456789"), word.removesuffix("net"))
    )


def _is_trade_of_country(text: str, name: str, country: Sequence[str]) -> bool:
    stems = {name.removesuffix(word) for word in TRADE if name.endswith(word)}
    return any(
        len(stem) >= SHORTEST
        and text[: len(stem)] == stem
        and text[len(stem) :] in TRADE
        and any(place.startswith(stem) for place in country[1:])
        for stem in stems
    )


def _list_initials(words: Sequence[str]) -> set[str]:
    some = [word for word in words if word not in PARTICLES]
    lists = (words, some, [word for word in some if word not in LEGAL - {"limited"}])
    texts = {"".join(word[0] for word in letters) for letters in lists}
    return {text for text in texts if len(text) in INITIALS}


def _is_beginnings(text: str, words: Sequence[str]) -> bool:
    """Return whether a text consists of beginnings of all words, each of three letters or more."""
    if len(words) == 1:
        return len(text) >= SHORTEST and words[0].startswith(text)
    ends = range(SHORTEST, len(words[0]) + 1) if words else ()
    return any(
        text[:end] == words[0][:end] and _is_beginnings(text[end:], words[1:]) for end in ends
    )


SHARE_QUANTILES = ["only_q05", "only_q50", "only_q95"]
LIMITS = (0.002, 0.998)
LARGE_SHARE = 0.05
"""Share of users from which a network is large."""
LEAST_REGIONAL_SHARE = 0.01
"""Share of subscriptions in a region from which an operator has customers there."""
LEAST_YEARS = 1.0
DAYS_A_YEAR = 365.25
ALONE_WORDS = re.compile(r"^attack\b|operators? named")
"""Pattern of reasons for an extent that state that operators alone were cut."""
ALONE_COUNTS = (1, 2)
"""Rows of the STOP register, read independently, in which operators are named and nothing states
whether they alone were cut: those where they were, and all."""
ALONE = (ALONE_COUNTS[0] + 0.5) / (ALONE_COUNTS[1] + 1.0)
"""Chance that operators alone were cut, where nothing states it (Jeffreys)."""


def estimate_operator_shares(
    places: pd.DataFrame, tables: Tables, parameters: Mapping[NetworkLaw, Spread]
) -> pd.DataFrame:
    """Return `only_q05`, `only_q50`, `only_q95` and `reason` (PartGap) of operators' users.

    `places` has `country_id`, `area_id`, `day`, `operators` (joined by ;) and `extent_reason`; the
    index is kept. A share that cannot be estimated is NaN and has a reason.
    """
    if places.empty or NetworkLaw.OPERATOR_CHANGE not in parameters:
        shares = pd.DataFrame(np.nan, places.index, SHARE_QUANTILES)
        return shares.assign(reason=PartGap.OPERATORS.value)
    near = find_nearest(places, list_shares(places, tables))
    is_below = places["country_id"] != places["area_id"]
    region = parameters.get(NetworkLaw.OPERATOR_REGION)
    shares = project_shares(near, parameters[NetworkLaw.OPERATOR_CHANGE])
    if region is not None:
        shares = shares.mask(is_below, spread_over_regions(shares, region))
    is_alone = places["extent_reason"].str.contains(ALONE_WORDS)
    for name, position in zip(SHARE_QUANTILES, (0.05, 0.50, 0.95), strict=True):
        others = max(position - ALONE, 0.0) / (1.0 - ALONE)
        shares[name] += (1.0 - shares[name]) * others * ~is_alone
    noisy = list_noisy(tables["network_shares"], parameters[NetworkLaw.OPERATOR_JUMP])
    reason = pd.Series("", places.index).mask(near["users_share"].isna(), PartGap.OPERATORS.value)
    is_small = near["users_share"] < LARGE_SHARE
    reason = reason.mask(is_below & (is_small | (region is None)), PartGap.OPERATORS_BELOW.value)
    reason = reason.mask(places["country_id"].isin(noisy), PartGap.OPERATORS_NOISE.value)
    return shares.mask(reason != "").assign(reason=reason)


def list_shares(places: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the rows of `network_shares` of the operators, and the middle of their month.

    The key of a row is `country_id`, `operators`, the network and the middle (`counted`); equal
    operators of a country occur once.
    """
    keys = ["country_id", "operators"]
    pairs = list_networks(places[keys].drop_duplicates(), tables)
    numbers = pd.DataFrame(pairs, columns=[*keys, "asn"], dtype="str")
    counts = tables["network_shares"].rename(columns={"area_id": "country_id"})
    rows = numbers.merge(counts, on=["country_id", "asn"])
    return rows.assign(counted=period_middle(rows["period_start"], rows["period_end"]))


def list_networks(pairs: pd.DataFrame, tables: Tables) -> Iterator[tuple[str, str, str]]:
    """Yield the country, the operators and the number of each network of these operators."""
    areas = tables["areas"].set_index("area_id")[["name", "aliases"]]
    shares, names = tables["network_shares"], tables["operator_names"]
    for country, group in pairs.groupby("country_id"):
        registered = shares[shares["area_id"] == country].drop_duplicates("asn", keep="last")
        networks = [
            read_network(int(number), name)
            for number, name in zip(registered["asn"], registered["as_name"], strict=True)
        ]
        name, aliases = areas.loc[country]
        about = [str(country), name, *aliases.split(";")]
        synonyms = names[names["area_id"].isin(["", country])]
        for operators in group["operators"]:
            single = (find_networks(n, networks, about, synonyms) for n in operators.split(";"))
            numbers = set().union(*single)
            yield from ((str(country), operators, str(number)) for number in sorted(numbers))


def list_considered(named: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return all shares of the operators' networks, and whether their month is used (`is_used`).

    `named` has `country_id`, `operators`, `day` and further columns, which are returned with each
    share of its networks.
    """
    shares = list_shares(named, tables)
    considered = named.assign(nearest=find_nearest(named, shares)["counted"])
    rows = considered.merge(shares, on=["country_id", "operators"])
    return rows.assign(is_used=rows["nearest"] == rows["counted"])


def find_nearest(places: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return the `users_share` that was `counted` nearest to each place's day, and the `years`.

    `shares` is the result of `list_shares`.
    """
    keys = ["country_id", "operators"]
    days = places[[*keys, "day"]].reset_index(names="place").sort_values("day")
    counts = shares.groupby([*keys, "counted"], as_index=False)["users_share"].sum()
    joined = pd.merge_asof(
        days,
        counts.astype({"counted": days["day"].dtype}).sort_values("counted"),
        left_on="day",
        right_on="counted",
        by=keys,
        direction="nearest",
    )
    years = (joined["day"] - joined["counted"]).abs().dt.days / DAYS_A_YEAR
    rows = joined[["users_share", "counted"]].assign(years=years)
    return rows.set_axis(joined["place"]).reindex(places.index)


def project_shares(near: pd.DataFrame, change: Spread) -> pd.DataFrame:
    """Return `only_q05`, `only_q50`, `only_q95` of shares that were counted `years` away."""
    odds = logit(near["users_share"].clip(*LIMITS))
    root = np.sqrt(near["years"].clip(lower=LEAST_YEARS))
    quantiles = change.scale_by(root).add(odds, axis=0)
    return expit(quantiles).rename(columns=lambda name: f"only_{name}")


def spread_over_regions(shares: pd.DataFrame, region: Spread) -> pd.DataFrame:
    """Return `only_q05`, `only_q50`, `only_q95` in a part of a country, from those of the country.

    `region` is the spread of the log odds of a region around those of the country.
    """
    low, country, high = (logit(shares[name]) for name in SHARE_QUANTILES)
    middle = country + region.q50
    below = np.hypot(country - low, region.q50 - region.q05)
    above = np.hypot(high - country, region.q95 - region.q50)
    ends = (expit(end) for end in (middle - below, middle, middle + above))
    return pd.DataFrame(dict(zip(SHARE_QUANTILES, ends, strict=True)))


def list_regional_differences(operator_regions: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `operator_regions` with `difference`, in log odds, from the country.

    Operators without customers in the region, and small ones of the country, are left out.
    """
    is_present = operator_regions["regional_share"] >= LEAST_REGIONAL_SHARE
    rows = operator_regions[is_present & (operator_regions["national_share"] >= LARGE_SHARE)]
    regional, national = (
        logit(rows[name].astype("float64").clip(*LIMITS))
        for name in ("regional_share", "national_share")
    )
    return rows.assign(difference=regional - national)


def list_changes(shares: pd.DataFrame) -> pd.DataFrame:
    """Return the change of each large network between each two counts that follow another.

    Columns: `area_id`, `asn`, `users_share` (the mean of both), `years` and `change` of log odds.
    """
    odds = logit(shares["users_share"].clip(*LIMITS))
    rows = shares.assign(odds=odds).sort_values("period_start")
    columns = ["users_share", "odds", "period_start"]
    earlier = rows.groupby(["area_id", "asn"])[columns].shift()
    pairs = rows[["area_id", "asn"]].assign(
        users_share=(rows["users_share"] + earlier["users_share"]) / 2.0,
        years=(rows["period_start"] - earlier["period_start"]).dt.days / DAYS_A_YEAR,
        change=rows["odds"] - earlier["odds"],
    )
    largest = np.fmax(rows["users_share"], earlier["users_share"])
    return pairs[(largest >= LARGE_SHARE) & pairs["change"].notna()]


def measure_jumps(shares: pd.DataFrame) -> "pd.Series[float]":
    """Return the logarithm of the largest jump of each country between two counts."""
    pairs = list_changes(shares)
    speed = pairs["change"].abs() / np.sqrt(pairs["years"]) * pairs["users_share"]
    groups = [pairs["area_id"], pairs["years"].round(2)]
    jumps = speed.groupby(groups).sum() / pairs["users_share"].groupby(groups).sum()
    return np.log(jumps.clip(lower=0.01)).groupby("area_id").max()


def list_noisy(shares: pd.DataFrame, jump: Spread) -> list[str]:
    """Return the countries whose jump is larger than that of one country of all by chance."""
    jumps = measure_jumps(shares)
    distance = ndtri(1.0 - 1.0 / max(len(jumps), 2)) / ndtri(0.95)
    return list(jumps.index[jumps > jump.q50 + (jump.q95 - jump.q50) * distance])
