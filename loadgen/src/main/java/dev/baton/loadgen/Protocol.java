package dev.baton.loadgen;

/** The HTTP version spoken; TLS follows from the scheme of the URL. */
public enum Protocol {
  /** HTTP/1.1. */
  HTTP1,
  /** HTTP/2: with prior knowledge for http (h2c), by ALPN for https (h2). */
  HTTP2
}
