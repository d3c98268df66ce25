"""The features of the main screen, a controller each. They know the context, never one another."""
