using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Whatever becomes of a job changes its document, and depends on it alone: jobs are written beside each other.</summary>
internal sealed class MongoJobs(ITransactions database, TimeProvider time) : IJobs
{
    private const string Ordinal = DeploymentCollections.Ordinal;
    private static readonly Collection<JobRecord> Jobs = JobCollections.Jobs;
    private static readonly BsonDocument NewestFirst = Doc.Of((Ordinal, -1));

    public Task AddAsync(JobRecord job, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var ordinal = await session.NextAsync(Jobs.Name);
                await session.InsertAsync(Jobs, job, (Ordinal, ordinal));
            },
            cancellation
        );

    public Task<JobRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Jobs, id), cancellation);

    public async Task<IReadOnlyList<JobRecord>> ListAsync(int limit, CancellationToken cancellation = default) =>
        limit <= 0
            ? []
            : await database.ReadAsync(session => session.FindAsync(Jobs, Doc.All, NewestFirst, limit), cancellation);

    public async Task<IReadOnlyList<JobRecord>> FindAsync(JobQuery query, CancellationToken cancellation = default)
    {
        var filter = Doc.Of(("replicaSetId", Is.OneOf(query.Subjects)));
        if (query.Kinds is { } kinds)
        {
            filter = Doc.Both(filter, Doc.Of(("kind", Is.OneOf(kinds))));
        }

        if (query.Before is { } before)
        {
            var older = Doc.Any(
                Doc.Of(("createdAt", Is.Below(before.CreatedAt))),
                Doc.Of(("createdAt", before.CreatedAt), ("_id", Is.Below(before.Id)))
            );
            filter = Doc.Both(filter, Doc.Of(older));
        }

        return query.Limit <= 0
            ? []
            : await database.ReadAsync(
                session => session.FindAsync(Jobs, filter, Doc.Of(("createdAt", -1), ("_id", -1)), query.Limit),
                cancellation
            );
    }

    public async Task<JobRecord?> TakeAsync(
        JobTake take,
        string owner,
        TimeSpan lease,
        CancellationToken cancellation = default
    )
    {
        // Asked for again and again, mostly in vain: that costs no transaction.
        var isThere = await database.ReadAsync(session => session.AnyAsync(Jobs, ToTake(take)), cancellation);
        return isThere
            ? await database.WriteBesideAsync(
                "take a job",
                session => TakeAsync(session, take, owner, lease),
                cancellation
            )
            : null;
    }

    public Task<bool> ProgressAsync(
        string id,
        string owner,
        JobReport report,
        TimeSpan lease,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            id,
            Owned(id, owner),
            () =>
                Doc.Set(
                    ("phase", report.Phase),
                    ("progress", Math.Clamp(report.Share, 0, 1)),
                    ("bytes", report.Bytes),
                    ("expectedBytes", report.ExpectedBytes),
                    ("bytesPerSecond", report.BytesPerSecond),
                    ("leaseUntil", time.GetUtcNow() + lease)
                ),
            cancellation
        );

    public Task<bool> SucceedAsync(string id, string owner, string result, CancellationToken cancellation = default) =>
        ChangeAsync(
            id,
            Owned(id, owner),
            () =>
                Doc.Set(
                    ("state", JobState.Succeeded),
                    ("result", result),
                    ("progress", 1.0),
                    ("finishedAt", time.GetUtcNow()),
                    ("owner", null),
                    ("leaseUntil", null),
                    ("errorCode", null),
                    ("errorMessage", null),
                    ("errorHint", null)
                ),
            cancellation
        );

    public Task<bool> FailAsync(
        string id,
        string owner,
        string code,
        string message,
        string hint,
        bool retry,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            id,
            Owned(id, owner),
            () =>
                Failed(retry ? JobState.Queued : JobState.Failed, retry ? null : time.GetUtcNow(), code, message, hint),
            cancellation
        );

    public Task<bool> CancelAsync(string id, CancellationToken cancellation = default) =>
        ChangeAsync(
            id,
            Doc.Of(("_id", id), ("state", Is.OneOf([JobState.Queued, JobState.Running]))),
            () =>
                Doc.Set(
                    ("state", JobState.Cancelled),
                    ("finishedAt", time.GetUtcNow()),
                    ("owner", null),
                    ("leaseUntil", null)
                ),
            cancellation
        );

    public async Task<IReadOnlyList<JobRecord>> FailAbandonedAsync(
        IReadOnlyCollection<string> kinds,
        bool evenHeld,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    ) =>
        await database.WriteBesideAsync(
            "fail abandoned jobs",
            async session =>
            {
                var now = time.GetUtcNow();
                var abandoned = Doc.Of(("state", JobState.Running), ("kind", Is.OneOf(kinds)));
                abandoned = evenHeld ? abandoned : Doc.Both(abandoned, Doc.Of(("leaseUntil", Is.AtMost(now))));
                var found = await session.FindAsync(Jobs, abandoned, MongoSyncRecords.ByOrdinal);
                var ids = Doc.Of(("_id", Is.OneOf(found.Select(static one => one.Id))));
                await session.UpdateAllAsync(Jobs, ids, Failed(JobState.Failed, now, code, message, hint));
                return await session.FindAsync(Jobs, ids, MongoSyncRecords.ByOrdinal);
            },
            cancellation
        );

    public Task LogAsync(string id, IReadOnlyList<JobLogLine> lines, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            $"log {id}",
            async session =>
            {
                if (lines.Count > 0 && await session.AnyAsync(Jobs, Doc.Id(id)))
                {
                    await MongoJobLog.AddAsync(session, id, lines, time.GetUtcNow());
                }
            },
            cancellation
        );

    public async Task<IReadOnlyList<JobLogLine>> LogOfAsync(string id, CancellationToken cancellation = default) =>
        await database.ReadAsync(session => MongoJobLog.ListAsync(session, id), cancellation);

    private Task<bool> ChangeAsync(
        string id,
        BsonDocument filter,
        Func<BsonDocument> change,
        CancellationToken cancellation
    ) => database.WriteBesideAsync($"job {id}", session => session.UpdateAsync(Jobs, filter, change()), cancellation);

    private async Task<JobRecord?> TakeAsync(MongoSession session, JobTake take, string owner, TimeSpan lease)
    {
        if (await session.FirstAsync(Jobs, ToTake(take), MongoSyncRecords.ByOrdinal) is not { } job)
        {
            return null;
        }

        var now = time.GetUtcNow();
        await session.UpdateAsync(
            Jobs,
            Doc.Id(job.Id),
            Doc.Both(
                Doc.Set(("state", JobState.Running), ("owner", owner), ("startedAt", now), ("leaseUntil", now + lease)),
                Doc.Add("attempts", 1)
            )
        );
        return await session.GetAsync(Jobs, job.Id);
    }

    private BsonDocument ToTake(JobTake take)
    {
        var free = Doc.Any(
            Doc.Of(("state", JobState.Queued)),
            Doc.Of(("state", JobState.Running), ("leaseUntil", Is.AtMost(time.GetUtcNow())))
        );
        var able = Doc.Any(
            Doc.Of(("kind", Is.OneOf(take.Kinds))),
            Doc.Of(("kind", Is.OneOf(take.KindsOfHeads)), ("replicaSetId", Is.OneOf(take.Heads)))
        );
        return Doc.Of(("$and", new[] { Doc.Of(free), Doc.Of(able) }));
    }

    private static BsonDocument Owned(string id, string owner) =>
        Doc.Of(("_id", id), ("owner", owner), ("state", JobState.Running));

    private static BsonDocument Failed(
        JobState state,
        DateTimeOffset? finishedAt,
        string code,
        string message,
        string hint
    ) =>
        Doc.Set(
            ("state", state),
            ("finishedAt", finishedAt),
            ("owner", null),
            ("leaseUntil", null),
            ("errorCode", code),
            ("errorMessage", message),
            ("errorHint", hint)
        );
}
