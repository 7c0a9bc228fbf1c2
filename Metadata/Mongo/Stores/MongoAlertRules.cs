using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAlertRules(ITransactions database, TimeProvider time) : IAlertRules
{
    private static readonly Collection<AlertRule> Rules = AlertCollections.Rules;
    private static readonly Collection<MaintenanceWindow> Windows = AlertCollections.Windows;

    public async Task<IReadOnlyList<AlertRule>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(Rules, Doc.All, Doc.Of(("groupId", 1), ("deploymentId", 1), ("condition", 1))),
            cancellation
        );

    public Task SetAsync(AlertRule rule, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session => session.PutAsync(Rules, Of(rule.GroupId, rule.DeploymentId, rule.Condition), rule),
            cancellation
        );

    public Task<bool> RemoveAsync(
        string? groupId,
        string? deploymentId,
        string condition,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session => await session.DeleteAsync(Rules, Of(groupId, deploymentId, condition)) > 0,
            cancellation
        );

    public async Task<IReadOnlyList<MaintenanceWindow>> WindowsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(Windows, Doc.Of(("to", Is.Above(time.GetUtcNow()))), Doc.Of(("from", 1), ("_id", 1))),
            cancellation
        );

    public Task AddWindowAsync(MaintenanceWindow window, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                // Those that are over are of no use to anybody: the audit tells of them.
                await session.DeleteAsync(Windows, Doc.Of(("to", Is.AtMost(time.GetUtcNow()))));
                await MongoAccess.RequireGroupAsync(session, window.GroupId);
                if (
                    window.DeploymentId is { } deployment
                    && !await session.AnyAsync(DeploymentCollections.Deployments, Doc.Id(deployment))
                )
                {
                    throw MetadataErrors.Exists("record");
                }

                await session.InsertAsync(Windows, window);
            },
            cancellation
        );

    public Task<bool> RemoveWindowAsync(string groupId, string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session => await session.DeleteAsync(Windows, Doc.Of(("_id", id), ("groupId", groupId))) > 0,
            cancellation
        );

    private static BsonDocument Of(string? groupId, string? deploymentId, string condition) =>
        Doc.Of(("groupId", groupId), ("deploymentId", deploymentId), ("condition", condition));
}
