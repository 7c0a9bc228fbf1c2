using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoDaemons(ITransactions database, TimeProvider time) : IDaemons
{
    private static readonly Collection<Daemon> Daemons = DaemonCollections.Daemons;

    // A sign of life comes often. It depends on the daemon's own document, which it changes, and on leases: where one was lost at the same time, what
    // was said under it stands with its fence, and says nothing of the next keeper.
    public Task<DaemonRecord> SeenAsync(
        DaemonReport report,
        IReadOnlyList<HeadReport> heads,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            $"daemon {report.Id}",
            async session =>
            {
                var known = await session.GetAsync(Daemons, report.Id);
                var renewals = known?.Session == report.Session ? known.Renewals + 1 : 1;
                var seen = Daemon.Of(report, known?.Drains ?? false, renewals, time.GetUtcNow());
                await session.PutAsync(Daemons, Doc.Id(report.Id), seen);
                await MongoHeadLeases.ReportAsync(session, report.Id, heads);
                return (await session.GetAsync(Daemons, report.Id))!.Record();
            },
            cancellation
        );

    public async Task<IReadOnlyList<DaemonRecord>> ListAsync(CancellationToken cancellation = default) =>
        [
            .. (
                await database.ReadAsync(
                    session => session.FindAsync(Daemons, Doc.All, Doc.Of(("_id", 1))),
                    cancellation
                )
            ).Select(static one => one.Record()),
        ];

    public Task LeaveAsync(string daemonId, string session, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async work =>
            {
                var now = time.GetUtcNow();
                var left = await work.UpdateAsync(
                    Daemons,
                    Doc.Of(("_id", daemonId), ("session", session)),
                    Doc.Set(("stoppedAt", now), ("seenAt", now))
                );
                if (left)
                {
                    await MongoHeadLeases.ReleaseAllAsync(work, daemonId);
                }
            },
            cancellation
        );

    public Task DrainAsync(string daemonId, bool drains, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.UpdateAsync(Daemons, Doc.Id(daemonId), Doc.Set(("drains", drains))))
                {
                    throw MetadataErrors.Missing("daemon", daemonId);
                }
            },
            cancellation
        );

    public Task ForgetAsync(string daemonId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await RequireAsync(session, daemonId);
                await MongoHeadLeases.ReleaseAllAsync(session, daemonId);
                await session.UpdateAllAsync(
                    DaemonCollections.HeadLeases,
                    Doc.Of(("wish", daemonId)),
                    Doc.Set(("wish", null))
                );
                await session.DeleteAsync(Daemons, Doc.Id(daemonId));
            },
            cancellation
        );

    internal static async Task RequireAsync(MongoSession session, string daemonId)
    {
        if (!await session.AnyAsync(Daemons, Doc.Id(daemonId)))
        {
            throw MetadataErrors.Missing("daemon", daemonId);
        }
    }
}
