/**
 * Event loops that change hands: the loop and its ownership protocol ({@link
 * dev.baton.scheduler.loop.TransferableEventLoop}), the threads that drive loops ({@link
 * dev.baton.scheduler.loop.Worker}), and those that wait to take one over ({@link
 * dev.baton.scheduler.loop.StandbyPool}).
 */
@NullMarked
package dev.baton.scheduler.loop;

import org.jspecify.annotations.NullMarked;
