/** The queues between producers of continuations and the loop that runs them, over JCTools. */
@NullMarked
package dev.baton.scheduler.queue;

import org.jspecify.annotations.NullMarked;
