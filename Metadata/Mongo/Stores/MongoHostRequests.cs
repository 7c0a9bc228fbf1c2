using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoHostRequests(ITransactions database) : IHostRequests
{
    private static readonly Collection<HostRequestRecord> Requests = RequestCollections.HostRequests;
    private static readonly Collection<HostPermissions> Permissions = RequestCollections.HostPermissions;

    public Task AskAsync(HostRequestRecord request, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoDeployments.RequireDeploymentAsync(session, request.DeploymentId);
                await session.PutAsync(
                    Requests,
                    Doc.Id(request.DeploymentId),
                    request with
                    {
                        Answer = null,
                    },
                    (RequestCollections.Taken, false)
                );
            },
            cancellation
        );

    public Task<HostRequestRecord?> FindAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Requests, deploymentId), cancellation);

    // With every heartbeat: nothing is written where nothing is asked. What is written depends on the document that it changes.
    public async Task<HostRequestRecord?> TakeAsync(
        string deploymentId,
        DateTimeOffset askedSince,
        CancellationToken cancellation = default
    )
    {
        var pending = Doc.Of(
            ("_id", deploymentId),
            (RequestCollections.Taken, false),
            ("answer", null),
            ("askedAt", Is.AtLeast(askedSince))
        );
        return await database.ReadAsync(session => session.AnyAsync(Requests, pending), cancellation)
            ? await database.WriteBesideAsync(
                $"host request {deploymentId}",
                session => TakeAsync(session, deploymentId, pending),
                cancellation
            )
            : null;
    }

    public Task<bool> AnswerAsync(
        string deploymentId,
        string id,
        string answer,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.UpdateAsync(
                    Requests,
                    Doc.Of(("_id", deploymentId), ("id", id), (RequestCollections.Taken, true), ("answer", null)),
                    Doc.Set(("answer", answer))
                ),
            cancellation
        );

    public async Task<HostSettings> SettingsAsync(string deploymentId, CancellationToken cancellation = default) =>
        await database.ReadAsync(session => session.GetAsync(Permissions, deploymentId), cancellation) is { } set
            ? new HostSettings(set.AllowsStepDown, set.ShowsValues)
            : new HostSettings();

    public Task SetSettingsAsync(
        string deploymentId,
        HostSettings settings,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                await MongoDeployments.RequireDeploymentAsync(session, deploymentId);
                await session.PutAsync(
                    Permissions,
                    Doc.Id(deploymentId),
                    new HostPermissions(deploymentId, settings.AllowsStepDown, settings.ShowsValues)
                );
            },
            cancellation
        );

    private static async Task<HostRequestRecord?> TakeAsync(
        MongoSession session,
        string deploymentId,
        BsonDocument pending
    ) =>
        await session.UpdateAsync(Requests, pending, Doc.Set((RequestCollections.Taken, true)))
            ? await session.GetAsync(Requests, deploymentId)
            : null;
}
