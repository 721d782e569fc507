/** That what is deployed with is what it says. */
@NullMarked
package dev.baton.server.deploy;

import org.jspecify.annotations.NullMarked;
