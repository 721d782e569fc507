package dev.baton.server.metrics;

/**
 * How long the requests of one route took.
 *
 * @param method the HTTP method, {@code other} if it is no usual one
 * @param code the status code
 * @param route the route's pattern, {@code unmatched} if there was none
 * @param latency from the request's head to the end of its response
 */
public record RouteLatency(String method, String code, String route, LatencySnapshot latency) {}
