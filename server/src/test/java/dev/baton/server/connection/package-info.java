@NullMarked
package dev.baton.server.connection;

import org.jspecify.annotations.NullMarked;
