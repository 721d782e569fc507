/** The application that the README shows. */
@NullMarked
package dev.baton.server.example;

import org.jspecify.annotations.NullMarked;
