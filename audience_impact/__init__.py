"""The statistics of overlapping audiences: how many people an internet restriction touches.

Pure: no prefect, no pandera, no network, no clock, no environment may live here.

Stages of the data, each importing only those before it:
vocabulary < blanks < periods < populations < frames < rules < facts < ingest < audiences <
bounds < overlap < simulation < outputs < pipeline < api
"""
