//! TCP segments into streams: each direction in order, whatever happened on the way.
