using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAlertExcerpts(ITransactions database) : IAlertExcerpts
{
    private static readonly Collection<ExcerptRule> Rules = AlertCollections.ExcerptRules;
    private static readonly Collection<AlertExcerpt> Excerpts = AlertCollections.Excerpts;

    public async Task<IReadOnlyList<ExcerptRule>> RulesAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            static session => session.FindAsync(Rules, Doc.All, Doc.Of(("groupId", 1), ("deploymentId", 1))),
            cancellation
        );

    public Task SetRuleAsync(ExcerptRule rule, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await MongoAccess.RequireGroupAsync(session, rule.GroupId);
                await session.PutAsync(Rules, Of(rule.GroupId, rule.DeploymentId), rule);
            },
            cancellation
        );

    public Task<bool> RemoveRuleAsync(string groupId, string? deploymentId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session => await session.DeleteAsync(Rules, Of(groupId, deploymentId)) > 0,
            cancellation
        );

    public Task<bool> AddAsync(AlertExcerpt excerpt, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (
                    !await session.AnyAsync(AlertCollections.Alerts, Doc.Id(excerpt.AlertId))
                    || await session.AnyAsync(Excerpts, Doc.Id(excerpt.AlertId))
                )
                {
                    return false;
                }

                await session.InsertAsync(Excerpts, excerpt);
                return true;
            },
            cancellation
        );

    public Task<AlertExcerpt?> FindAsync(long alertId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Excerpts, alertId), cancellation);

    public async Task<IReadOnlySet<long>> OfAsync(
        IReadOnlyCollection<long> alertIds,
        CancellationToken cancellation = default
    )
    {
        var wanted = Doc.Of(("_id", Is.OneOf(alertIds)));
        var found = await database.ReadAsync(
            session => session.RawAsync(Excerpts, wanted, fields: Doc.Of(("_id", 1))),
            cancellation
        );
        return found.Select(static one => one.View["_id"u8].ToInt64()).ToHashSet();
    }

    private static BsonDocument Of(string groupId, string? deploymentId) =>
        Doc.Of(("groupId", groupId), ("deploymentId", deploymentId));
}
