"""Findings about facts as text, JSON, annotations of a pull request and JUnit XML."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from audience_impact.facts.tables import Finding
from audience_impact.plain_text import json_text, plain
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline.steps import line


def as_text(findings: Sequence[Finding]) -> str:
    """One finding a line, never wrapped."""
    return "".join(plain(line(found)) + "\n" for found in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """The findings as a JSON list."""
    return (
        json_text(
            [
                {
                    "file": found.file,
                    "line": found.line,
                    "column": found.column,
                    "rule": found.rule,
                    "severity": found.severity.value,
                    "value": found.value,
                    "message": found.message,
                }
                for found in findings
            ]
        )
        + "\n"
    )


def as_github(findings: Sequence[Finding]) -> str:
    """Annotations that a pull request shows on the line of the file."""

    def escaped(text: str) -> str:
        return plain(text).replace("%", "%25")

    def cell(text: str) -> str:
        return escaped(text).replace(":", "%3A").replace(",", "%2C")

    def level(found: Finding) -> str:
        return "warning" if found.severity is FindingSeverity.WARNING else "error"

    return "".join(
        f"::{level(found)} file={cell(found.file)},line={found.line},title={found.rule}::"
        f"{escaped(line(found))}\n"
        for found in findings
    )


def as_junit(findings: Sequence[Finding], checked: int) -> str:
    """JUnit XML: a test case a finding, and one that passes for what was checked."""
    bad = [found for found in findings if found.severity is not FindingSeverity.WARNING]
    suite = ET.Element(
        "testsuite",
        name="audience-impact check",
        tests=str(len(findings) + 1),
        failures=str(len(bad)),
    )
    ET.SubElement(suite, "testcase", classname="facts", name=f"{checked} rows read")
    for found in findings:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=plain(found.table),
            name=plain(f"{found.rule} {found.file}:{found.line}:{found.column}"),
        )
        if found in bad:
            message = plain(found.message)
            failure = ET.SubElement(case, "failure", message=message, type=found.rule)
            failure.text = plain(line(found))
        else:
            ET.SubElement(case, "system-out").text = plain(line(found))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
