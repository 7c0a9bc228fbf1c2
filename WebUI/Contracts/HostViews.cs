namespace Backup.WebUI.Contracts;

/// <summary>Something that happened to a member of a source.</summary>
/// <param name="At">When it was noticed: up to a minute after it happened.</param>
/// <param name="Kind">became-primary, no-primary, elected, role, down, up, version, restarted, added or removed.</param>
/// <param name="Host">host:port.</param>
/// <param name="Before">How it was: a state, a release, the primary before, a term, seconds up; left out where there was nothing.</param>
/// <param name="Now">How it is; left out where it is no more.</param>
/// <param name="Text">For people.</param>
public sealed record HostEventView(
    DateTimeOffset At,
    string Kind,
    string Host,
    string? Before,
    string? Now,
    string Text
);
