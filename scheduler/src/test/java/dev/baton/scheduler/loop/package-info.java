@NullMarked
package dev.baton.scheduler.loop;

import org.jspecify.annotations.NullMarked;
