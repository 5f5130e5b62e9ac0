"""1. Where does the code call a model, and is that call broken?"""
