using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// Writes down what a command on this host takes out of the backup: that it begins, and how it ended.
/// <para>
/// A full disk keeps nobody from a restore: the records of that time stand in the log at once, and are written to the
/// metadata with the next one that finds room. A record that cannot be written for any other reason stops the work.
/// </para>
/// </summary>
internal sealed partial class TakeoutAudit(IMetadataStore metadata, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    internal const string Output = "restore.output";
    internal const string Into = "restore.into";
    internal const string DataFiles = "restore.data-files";
    internal const string Document = "document.get";
    internal const string History = "document.history";

    /// <summary>Beyond these the log alone has them.</summary>
    internal const int MostWaiting = 1000;

    private const int LongestSubject = 500;

    private readonly Queue<AuditRecord> _waiting = new();
    private readonly SemaphoreSlim _oneWriter = new(1, 1);

    /// <summary>Nothing goes out before it is written down that it begins.</summary>
    /// <param name="action">One of those above.</param>
    /// <param name="subject">Of what, for people; no secret.</param>
    /// <param name="work">The work.</param>
    /// <param name="bytes">Of its result, the bytes that went out.</param>
    internal async Task<T> RecordAsync<T>(string action, string subject, Func<Task<T>> work, Func<T, long?> bytes)
    {
        await AddAsync(action, subject, AuditOutcomes.Begun, null, null);
        try
        {
            var result = await work();
            await AddAsync(action, subject, AuditOutcomes.Ok, bytes(result), null);
            return result;
        }
        catch (Exception failure)
        {
            var known = failure as BackupException;
            var isCut = known is null or { IsTransient: true };
            await AddAsync(action, subject, isCut ? AuditOutcomes.Cut : AuditOutcomes.Failed, null, known?.Code);
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        _oneWriter.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>What of a restore stands in a record beside what it is of.</summary>
    internal static string Selection(IReadOnlyCollection<string>? namespaces) =>
        namespaces is { Count: > 0 } ? $", only {string.Join(", ", namespaces)}" : "";

    private static string Short(string subject) =>
        subject.Length > LongestSubject ? string.Concat(subject.AsSpan(0, LongestSubject), "…") : subject;

    // Also where nobody waits any more.
    private async Task AddAsync(string action, string subject, string outcome, long? bytes, string? code)
    {
        var record = new AuditRecord(
            time.GetUtcNow(),
            AuditActor.Current.Name,
            AuditActor.Current.From,
            action,
            Short(subject),
            outcome
        )
        {
            Bytes = bytes,
            Code = code,
            GroupId = AuditActor.Current.GroupId,
        };
        await _oneWriter.WaitAsync(CancellationToken.None);
        try
        {
            while (_waiting.TryPeek(out var earlier))
            {
                await metadata.Audit.AddAsync(earlier, CancellationToken.None);
                _waiting.Dequeue();
            }
            await metadata.Audit.AddAsync(record, CancellationToken.None);
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.DiskFull)
        {
            LogNoRoom(record.Actor, record.Action, record.Subject, record.Outcome, record.Bytes, record.Code);
            if (_waiting.Count < MostWaiting)
            {
                _waiting.Enqueue(record);
            }
        }
        finally
        {
            _oneWriter.Release();
        }
    }

    [LoggerMessage(
        60,
        LogLevel.Warning,
        "The disk is full: what {Actor} takes out of the backup stands here until it can be written down: {Action} {Subject}: {Outcome}, {Bytes} bytes, {Code}"
    )]
    private partial void LogNoRoom(
        string actor,
        string action,
        string subject,
        string outcome,
        long? bytes,
        string? code
    );
}
