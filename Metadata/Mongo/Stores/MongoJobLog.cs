using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>What jobs tell of themselves: the newest lines of each, for a while. Two that add to one log at a time would take the same number, which is unique.</summary>
internal static class MongoJobLog
{
    /// <summary>Old lines that go with each addition: more than come.</summary>
    private const int MostAged = 100;

    private static readonly Collection<JobLogEntry> Log = JobCollections.Log;

    internal static async Task AddAsync(
        MongoSession session,
        string jobId,
        IReadOnlyList<JobLogLine> lines,
        DateTimeOffset now
    )
    {
        var own = Doc.Of(("jobId", jobId));
        var last = (await session.FirstAsync(Log, own, Doc.Of(("number", -1))))?.Number ?? 0;
        var entries = lines.Select(line => new JobLogEntry(jobId, ++last, line.At, Cut(line.Text), line.IsTrouble));
        await session.InsertAsync(Log, [.. entries.Select(one => Log.Write(one))]);
        await session.DeleteAsync(Log, Doc.Of(("jobId", jobId), ("number", Is.AtMost(last - JobLog.MostLines))));
        var aged = await session.RawAsync(
            Log,
            Doc.Of(("at", Is.Below(now - JobLog.Kept))),
            Doc.Of(("at", 1)),
            MostAged,
            Doc.Of(("_id", 1))
        );
        if (aged.Count > 0)
        {
            await session.DeleteAsync(Log, Doc.Of(("_id", Is.OneOf(aged.Select(static one => new RawId(one))))));
        }
    }

    internal static async Task<IReadOnlyList<JobLogLine>> ListAsync(MongoSession session, string jobId) =>
        (await session.FindAsync(Log, Doc.Of(("jobId", jobId)), Doc.Of(("number", 1)))).ConvertAll(
            static one => new JobLogLine(one.At, one.Text, one.IsTrouble)
        );

    private static string Cut(string text) => text.Length > JobLog.LongestLine ? text[..JobLog.LongestLine] : text;
}
