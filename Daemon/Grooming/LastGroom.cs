using System.Text.Json;
using System.Text.Json.Serialization;
using Backup.Daemon.Jobs;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Grooming;

/// <summary>How the last groom of the block store ended. Kept in the catalogue's settings: what is live and what is dead is known by a groom alone.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Result">What it found and did; of the one before where it failed.</param>
/// <param name="ResultAt">When that was.</param>
/// <param name="ErrorCode">Why it failed; null where it did not.</param>
/// <param name="ErrorMessage">The same in words.</param>
/// <param name="ErrorHint">What to do.</param>
public sealed record LastGroom(
    DateTimeOffset At,
    GroomResult? Result,
    DateTimeOffset? ResultAt,
    string? ErrorCode,
    string? ErrorMessage,
    string? ErrorHint
)
{
    private const string Name = "store.groom";

    /// <summary>How long the one took whose result this is; null where a release before this one did it.</summary>
    public double? Seconds { get; init; }

    /// <summary>When one last came to its end that did not only count; null where none did.</summary>
    public DateTimeOffset? GroomedAt { get; init; }

    /// <summary>Stored, and needed by nobody as far as is known: dead, or perhaps in work. Bytes; what that groom gave back is not there any more.</summary>
    [JsonIgnore]
    public long ReclaimableBytes =>
        Result is { } result
            ? result.DeadBytes
                + result.HeldBytes
                - (result.DryRun ? 0 : Math.Min(result.ReclaimableBytes, result.DeadBytes))
            : 0;

    /// <summary>The same as a part of what is stored; 0 to 1.</summary>
    [JsonIgnore]
    public double ReclaimableShare =>
        Result is { } result && result.LiveBytes + ReclaimableBytes is > 0 and var all
            ? (double)ReclaimableBytes / all
            : 0;

    /// <summary>Null where none has ended yet.</summary>
    public static async Task<LastGroom?> FindAsync(ISettings settings, CancellationToken cancellation = default) =>
        await settings.FindAsync(Name, cancellation) is { } json
            ? JsonSerializer.Deserialize<LastGroom>(json, JobKinds.Json)
            : null;

    internal static async Task SucceededAsync(
        ISettings settings,
        GroomResult result,
        TimeSpan took,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var before = await FindAsync(settings, cancellation);
        var last = new LastGroom(now, result, now, null, null, null)
        {
            Seconds = took.TotalSeconds,
            GroomedAt = result.DryRun ? before?.GroomedAt : now,
        };
        await SetAsync(settings, last, cancellation);
    }

    internal static async Task FailedAsync(
        ISettings settings,
        BackupException failure,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var before = await FindAsync(settings, cancellation);
        var failed = new LastGroom(now, before?.Result, before?.ResultAt, failure.Code, failure.Message, failure.Hint)
        {
            Seconds = before?.Seconds,
            GroomedAt = before?.GroomedAt,
        };
        await SetAsync(settings, failed, cancellation);
    }

    private static Task SetAsync(ISettings settings, LastGroom last, CancellationToken cancellation) =>
        settings.SetAsync(Name, JsonSerializer.Serialize(last, JobKinds.Json), cancellation);
}
