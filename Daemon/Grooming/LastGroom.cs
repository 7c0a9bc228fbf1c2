using System.Text.Json;
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

    /// <summary>Null where none has ended yet.</summary>
    public static async Task<LastGroom?> FindAsync(ISettings settings, CancellationToken cancellation = default) =>
        await settings.FindAsync(Name, cancellation) is { } json
            ? JsonSerializer.Deserialize<LastGroom>(json, JobKinds.Json)
            : null;

    internal static Task SucceededAsync(
        ISettings settings,
        GroomResult result,
        DateTimeOffset now,
        CancellationToken cancellation
    ) => SetAsync(settings, new LastGroom(now, result, now, null, null, null), cancellation);

    internal static async Task FailedAsync(
        ISettings settings,
        BackupException failure,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var before = await FindAsync(settings, cancellation);
        var failed = new LastGroom(now, before?.Result, before?.ResultAt, failure.Code, failure.Message, failure.Hint);
        await SetAsync(settings, failed, cancellation);
    }

    private static Task SetAsync(ISettings settings, LastGroom last, CancellationToken cancellation) =>
        settings.SetAsync(Name, JsonSerializer.Serialize(last, JobKinds.Json), cancellation);
}
