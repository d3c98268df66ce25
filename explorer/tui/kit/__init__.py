"""What screens and widgets are built of: the key bar, the screens over the main one, lists with a cursor."""
