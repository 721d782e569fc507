/**
 * Connections of HTTP servers while no handler knows them: slow heads, silence between requests,
 * bodies that nobody wants, and proxies that speak for others.
 */
@NullMarked
package dev.baton.server.connection;

import org.jspecify.annotations.NullMarked;
