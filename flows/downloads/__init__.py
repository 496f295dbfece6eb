"""What publishers offer: fetched, kept, judged, turned into a layer of facts."""
