using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoServerInstances(ITransactions database, TimeProvider time) : IServerInstances
{
    private const int ForgottenAfter = 10;

    private static readonly Collection<ServerInstance> Instances = RequestCollections.Instances;

    public Task<int> SeenAsync(string instanceId, TimeSpan silence, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var now = time.GetUtcNow();
                await session.PutAsync(Instances, Doc.Id(instanceId), new ServerInstance(instanceId, now));
                await session.DeleteAsync(Instances, Doc.Of(("seenAt", Is.Below(now - (silence * ForgottenAfter)))));
                return (int)await session.CountAsync(Instances, Doc.Of(("seenAt", Is.AtLeast(now - silence))));
            },
            cancellation
        );

    public Task LeaveAsync(string instanceId, CancellationToken cancellation = default) =>
        database.WriteAsync(session => session.DeleteAsync(Instances, Doc.Id(instanceId)), cancellation);
}
