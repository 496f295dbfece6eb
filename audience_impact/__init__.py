"""The statistics of overlapping audiences: how many people an internet restriction touches.

Pure: no prefect, no pandera, no network, no clock, no environment may live here.
"""
