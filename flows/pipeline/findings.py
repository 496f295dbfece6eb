"""Findings about facts as text, JSON, annotations of a pull request and JUnit XML."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from audience_impact.facts.tables import Finding
from audience_impact.plain_text import json_text, plain_line
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline.steps import format_finding


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding, never wrapped."""
    return "".join(plain_line(format_finding(finding)) + "\n" for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON list."""
    return (
        json_text(
            [
                {
                    "file": finding.file,
                    "line": finding.line,
                    "column": finding.column,
                    "rule": finding.rule,
                    "severity": finding.severity.value,
                    "value": finding.value,
                    "message": finding.message,
                }
                for finding in findings
            ]
        )
        + "\n"
    )


def as_github(findings: Sequence[Finding]) -> str:
    """Return annotations that a pull request shows on the line of the file."""

    def escape_text(text: str) -> str:
        return plain_line(text).replace("%", "%25")

    def escape_property(text: str) -> str:
        return escape_text(text).replace(":", "%3A").replace(",", "%2C")

    def choose_level(finding: Finding) -> str:
        return "warning" if finding.severity is FindingSeverity.WARNING else "error"

    return "".join(
        f"::{choose_level(finding)} file={escape_property(finding.file)},line={finding.line},"
        f"title={finding.rule}::{escape_text(format_finding(finding))}\n"
        for finding in findings
    )


def as_junit(findings: Sequence[Finding], checked: int) -> str:
    """Return JUnit XML: a test case for each finding, and a passing one for the rows checked."""
    bad = [finding for finding in findings if finding.severity is not FindingSeverity.WARNING]
    suite = ET.Element(
        "testsuite",
        name="audience-impact check",
        tests=str(len(findings) + 1),
        failures=str(len(bad)),
    )
    ET.SubElement(suite, "testcase", classname="facts", name=f"{checked} rows read")
    for finding in findings:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=plain_line(finding.table),
            name=plain_line(f"{finding.rule} {finding.file}:{finding.line}:{finding.column}"),
        )
        if finding in bad:
            message = plain_line(finding.message)
            failure = ET.SubElement(case, "failure", message=message, type=finding.rule)
            failure.text = plain_line(format_finding(finding))
        else:
            ET.SubElement(case, "system-out").text = plain_line(format_finding(finding))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
