/** Scheduling policies: small user-space objects that decide, in the manner of ghOSt. */
@NullMarked
package dev.baton.scheduler.policy;

import org.jspecify.annotations.NullMarked;
