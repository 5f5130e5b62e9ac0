"""3. Is the new model good enough, and what does it cost?"""
