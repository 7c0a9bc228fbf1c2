using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoCredentials(ITransactions database, TimeProvider time) : ICredentials
{
    private static readonly Collection<ApiKeyRecord> Keys = AccessCollections.Keys;
    private static readonly Collection<ClientCertificateRecord> Certificates = AccessCollections.Certificates;

    // The agent is read after the key: one that was revoked meanwhile is seen to be.
    public Task<KeyHolder?> FindKeyAsync(byte[] hash, CancellationToken cancellation = default) =>
        database.ReadAsync(
            async session =>
                await session.FirstAsync(Keys, Doc.Of(("hash", hash))) is { } key
                && await session.GetAsync(AccessCollections.Agents, key.AgentId) is { } agent
                    ? new KeyHolder(key, agent)
                    : null,
            cancellation
        );

    public async Task<IReadOnlyList<ApiKeyRecord>> KeysAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(Keys, Doc.All, Doc.Of(("createdAt", 1), ("_id", 1))),
            cancellation
        );

    public Task<bool> OfferKeyAsync(ApiKeyRecord next, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var replaced = Doc.Of(("_id", next.Replaces), ("agentId", next.AgentId), ("state", ApiKeyState.Valid));
                if (!await session.AnyAsync(Keys, replaced))
                {
                    return false;
                }

                await session.DeleteAsync(Keys, Doc.Of(("replaces", next.Replaces), ("state", ApiKeyState.Pending)));
                await MongoAccess.RequireGroupAsync(session, next.GroupId);
                await session.InsertAsync(Keys, next with { State = ApiKeyState.Pending });
                return true;
            },
            cancellation
        );

    public Task<bool> ConfirmKeyAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await session.GetAsync(Keys, keyId) is not { } key)
                {
                    return false;
                }

                if (key.State == ApiKeyState.Pending)
                {
                    await SetStateAsync(session, keyId, ApiKeyState.Valid, endedAt: null);
                    await SetStateAsync(session, key.Replaces!, ApiKeyState.Replaced, time.GetUtcNow());
                }

                return key.State is ApiKeyState.Pending or ApiKeyState.Valid;
            },
            cancellation
        );

    public Task RequestRotationAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var key = await session.GetAsync(Keys, keyId) ?? throw MetadataErrors.Missing("API key", keyId);
                if (key.State != ApiKeyState.Valid)
                {
                    throw MetadataErrors.KeyEnded(keyId);
                }

                await session.UpdateAsync(Keys, Doc.Id(keyId), Doc.Set(("rotationWanted", true)));
            },
            cancellation
        );

    public Task RevokeKeyAsync(string keyId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(Keys, Doc.Id(keyId)))
                {
                    throw MetadataErrors.Missing("API key", keyId);
                }

                var good = Is.OneOf([ApiKeyState.Pending, ApiKeyState.Valid]);
                await session.UpdateAllAsync(
                    Keys,
                    Doc.Of(
                        Doc.Any(
                            Doc.Of(("_id", keyId), ("state", good)),
                            Doc.Of(("replaces", keyId), ("state", ApiKeyState.Pending))
                        )
                    ),
                    Doc.Set(("state", ApiKeyState.Revoked), ("endedAt", time.GetUtcNow()))
                );
            },
            cancellation
        );

    // Comes all the time while agents work; each use depends on the key's own document alone.
    public Task KeysUsedAsync(
        IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses,
        CancellationToken cancellation = default
    ) =>
        uses.Count == 0
            ? Task.CompletedTask
            : database.WriteBesideAsync(
                "uses of keys",
                session =>
                    session.UpdateEachAsync(
                        Keys,
                        uses.Select(static use =>
                        {
                            var earlier = Doc.Any(
                                Doc.Of(("lastUsedAt", null)),
                                Doc.Of(("lastUsedAt", Is.Below(use.Value)))
                            );
                            return (Doc.Of(("_id", use.Key), earlier), Doc.Set(("lastUsedAt", use.Value)));
                        })
                    ),
                cancellation
            );

    public Task AddCertificateAsync(ClientCertificateRecord certificate, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(AccessCollections.Agents, Doc.Id(certificate.AgentId)))
                {
                    throw MetadataErrors.Exists("record");
                }

                await session.InsertAsync(Certificates, certificate);
            },
            cancellation
        );

    public Task<ClientCertificateRecord?> FindCertificateAsync(
        byte[] sha256,
        CancellationToken cancellation = default
    ) => database.ReadAsync(session => session.GetAsync(Certificates, sha256), cancellation);

    public async Task<IReadOnlyList<ClientCertificateRecord>> CertificatesAsync(
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session => session.FindAsync(Certificates, Doc.All, Doc.Of(("issuedAt", 1), ("_id", 1))),
            cancellation
        );

    public Task RevokeCertificateAsync(byte[] sha256, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(Certificates, Doc.Id(sha256)))
                {
                    throw MetadataErrors.Missing("certificate", Convert.ToHexStringLower(sha256));
                }

                await session.UpdateAsync(
                    Certificates,
                    Doc.Of(("_id", sha256), ("revokedAt", null)),
                    Doc.Set(("revokedAt", time.GetUtcNow()))
                );
            },
            cancellation
        );

    private static Task SetStateAsync(MongoSession session, string keyId, ApiKeyState state, DateTimeOffset? endedAt) =>
        session.UpdateAsync(
            Keys,
            Doc.Id(keyId),
            Doc.Set(("state", state), ("endedAt", endedAt), ("rotationWanted", false))
        );
}
