// Lets a room without sources be a library.
