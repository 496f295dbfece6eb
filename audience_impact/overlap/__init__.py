"""How audiences overlap: the model, its calibration on surveys, unions of a whole register."""
