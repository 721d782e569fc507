package dev.baton.loadgen.client;

/** One open HTTP connection in one version; client thread only. */
interface HttpSession {
  /** Writes and flushes the request; its end is told to the connection. */
  void send(Exchange exchange);

  /** Gives up a request that is open; the session may close itself for that. */
  void cancel(Exchange exchange);

  /** Closes the socket; open requests fail. */
  void close();
}
