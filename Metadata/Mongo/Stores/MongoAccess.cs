using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAccess(ITransactions database, TimeProvider time) : IAccess
{
    private static readonly BsonDocument ByEnrolment = Doc.Of(("enrolledAt", 1), ("_id", 1));

    public Task<Group> EnsureGroupAsync(string name, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await session.FirstAsync(AccessCollections.Groups, Doc.Of(("name", name))) is { } known)
                {
                    return known;
                }

                var group = new Group(Guid.NewGuid().ToString("N"), name, Stored(time.GetUtcNow()));
                await session.InsertAsync(AccessCollections.Groups, group);
                return group;
            },
            cancellation
        );

    public async Task<IReadOnlyList<Group>> GroupsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(AccessCollections.Groups, Doc.All, Doc.Of(("createdAt", 1), ("_id", 1))),
            cancellation
        );

    public Task AddTokenAsync(EnrolmentToken token, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await RequireGroupAsync(session, token.GroupId);
                await session.InsertAsync(AccessCollections.Tokens, token);
            },
            cancellation
        );

    public Task<AgentRecord?> EnrolAsync(
        byte[] secretHash,
        AgentRecord agent,
        ApiKeyRecord key,
        ClientCertificateRecord? certificate = null,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => EnrolAsync(session, secretHash, agent, key, certificate), cancellation);

    public async Task<IReadOnlyList<AgentRecord>> AgentsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(AccessCollections.Agents, Doc.All, ByEnrolment),
            cancellation
        );

    // With every request of an agent, and of one document alone.
    public Task AgentSeenAsync(string agentId, string version, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            $"agent {agentId}",
            session => ChangeAsync(session, agentId, Doc.Set(("lastSeenAt", time.GetUtcNow()), ("version", version))),
            cancellation
        );

    public Task RevokeAgentAsync(string agentId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await ChangeAsync(session, agentId, Doc.Set(("revoked", true)));
                // What it still sends is fenced off as what is sent under a lease that is over.
                await session.UpdateAllAsync(
                    DeploymentCollections.Leases,
                    Doc.Of(("agentId", agentId)),
                    Doc.Set(("agentId", null))
                );
            },
            cancellation
        );

    /// <exception cref="Foundation.Errors.BackupException">6008: what the record would belong to is not there.</exception>
    internal static async Task RequireGroupAsync(MongoSession session, string id)
    {
        if (!await session.AnyAsync(AccessCollections.Groups, Doc.Id(id)))
        {
            throw MetadataErrors.Exists("record");
        }
    }

    /// <summary>What is about a group; null: about the appliance as a whole.</summary>
    /// <param name="withAppliance">What is about the appliance as a whole, too.</param>
    internal static (string Name, object? Value) About(string? groupId, bool withAppliance) =>
        withAppliance ? Doc.Any(Doc.Of(("groupId", groupId)), Doc.Of(("groupId", null))) : ("groupId", groupId);

    /// <summary>A time as it is read again: to the millisecond.</summary>
    internal static DateTimeOffset Stored(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private async Task<AgentRecord?> EnrolAsync(
        MongoSession session,
        byte[] secretHash,
        AgentRecord agent,
        ApiKeyRecord key,
        ClientCertificateRecord? certificate
    )
    {
        var good = Doc.Of(("_id", secretHash), ("used", false), ("expiresAt", Is.Above(time.GetUtcNow())));
        if (await session.FirstAsync(AccessCollections.Tokens, good) is not { } token)
        {
            return null;
        }

        await session.UpdateAsync(AccessCollections.Tokens, Doc.Id(secretHash), Doc.Set(("used", true)));
        await session.InsertAsync(AccessCollections.Agents, agent with { GroupId = token.GroupId });
        await session.InsertAsync(
            AccessCollections.Keys,
            key with
            {
                GroupId = token.GroupId,
                AgentId = agent.Id,
                State = ApiKeyState.Valid,
            }
        );
        if (certificate is not null)
        {
            await session.InsertAsync(AccessCollections.Certificates, certificate with { AgentId = agent.Id });
        }

        return await session.GetAsync(AccessCollections.Agents, agent.Id);
    }

    private static async Task ChangeAsync(MongoSession session, string agentId, BsonDocument change)
    {
        if (!await session.UpdateAsync(AccessCollections.Agents, Doc.Id(agentId), change))
        {
            throw MetadataErrors.Missing("agent", agentId);
        }
    }
}
