/** What holds across the modules. */
@NullMarked
package dev.baton;

import org.jspecify.annotations.NullMarked;
