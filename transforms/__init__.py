"""One module a stage of the data path, named as the stage; beside them the rooms that a stage is made of."""
