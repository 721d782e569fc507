/** Loads made of what others wrote down: curl command lines, HAR files, OpenAPI descriptions. */
@NullMarked
package dev.baton.loadgen.imports;

import org.jspecify.annotations.NullMarked;
