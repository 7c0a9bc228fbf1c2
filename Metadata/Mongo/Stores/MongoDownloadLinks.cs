using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// What downloads count depends on the link's own document, which they change: downloads of different links go on beside each other. One that
/// goes on with a use changes nothing, and is as if it had come before whatever ends the link at the same time.
/// </summary>
internal sealed class MongoDownloadLinks(ITransactions database) : IDownloadLinks
{
    private static readonly Collection<DownloadLink> Links = RequestCollections.Links;
    private static readonly BsonDocument NewestFirst = Doc.Of((DeploymentCollections.Ordinal, -1));
    private static readonly BsonDocument OldestFirst = Doc.Of((DeploymentCollections.Ordinal, 1));

    public Task AddAsync(DownloadLink link, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var added = link with
                {
                    Begun = 0,
                    Finished = 0,
                    RevokedAt = null,
                    Content = link.Content is { } content ? new LinkContent(content.Tag, null, null) : null,
                    Trouble = null,
                };
                var order = await session.NextAsync(Links.Name);
                await session.InsertAsync(Links, added, (DeploymentCollections.Ordinal, order));
            },
            cancellation
        );

    public Task<DownloadLink?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Links, id), cancellation);

    public async Task<IReadOnlyList<DownloadLink>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(session => session.FindAsync(Links, Doc.All, NewestFirst), cancellation);

    public Task RevokeAsync(string id, DateTimeOffset now, CancellationToken cancellation = default) =>
        ChangeAsync(
            id,
            async session =>
            {
                _ = await RequireAsync(session, id);
                return await session.UpdateAsync(
                    Links,
                    Doc.Of(("_id", id), ("revokedAt", null)),
                    Doc.Set(("revokedAt", now))
                );
            },
            cancellation
        );

    public Task<LinkVerdict> BeginAsync(
        string id,
        bool isPart,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            id,
            async session =>
            {
                var link = await RequireAsync(session, id);
                if (link.RevokedAt is not null)
                {
                    return LinkVerdict.Revoked;
                }

                if (link.ExpiresAt <= now)
                {
                    return LinkVerdict.Expired;
                }

                if (isPart && link.Finished < link.Begun)
                {
                    return LinkVerdict.GoesOn;
                }

                if (link.Begun >= link.Uses)
                {
                    return LinkVerdict.UsedUp;
                }

                await session.UpdateAsync(Links, Doc.Id(id), Doc.Set(("begun", link.Begun + 1)));
                return LinkVerdict.Begun;
            },
            cancellation
        );

    public Task GiveBackAsync(string id, CancellationToken cancellation = default) =>
        ChangeUnfinishedAsync(id, static link => Doc.Set(("begun", link.Begun - 1)), cancellation);

    public Task FinishAsync(string id, CancellationToken cancellation = default) =>
        ChangeUnfinishedAsync(id, static link => Doc.Set(("finished", link.Finished + 1)), cancellation);

    public Task SetTagAsync(string id, string tag, CancellationToken cancellation = default) =>
        ChangeAsync(
            id,
            async session =>
                await session.GetAsync(Links, id) is { } link
                && link.Content?.Tag != tag
                && await session.UpdateAsync(
                    Links,
                    Doc.Id(id),
                    Doc.Set(
                        ("content", new LinkContent(tag, null, null)),
                        ("trouble", null),
                        ("begun", link.Content is null ? link.Begun : link.Finished)
                    )
                ),
            cancellation
        );

    public Task<bool> SetSumAsync(
        string id,
        string tag,
        long bytes,
        byte[] sha256,
        CancellationToken cancellation = default
    ) =>
        ChangeAsync(
            id,
            session =>
                session.UpdateAsync(
                    Links,
                    Doc.Of(("_id", id), ("content.tag", tag)),
                    Doc.Set(("content", new LinkContent(tag, bytes, sha256)), ("trouble", null))
                ),
            cancellation
        );

    public Task SetTroubleAsync(string id, string trouble, CancellationToken cancellation = default) =>
        ChangeAsync(id, session => session.UpdateAsync(Links, Doc.Id(id), Doc.Set(("trouble", trouble))), cancellation);

    public async Task<IReadOnlyList<DownloadLink>> WantingSumAsync(
        DateTimeOffset now,
        CancellationToken cancellation = default
    )
    {
        var wanting = Doc.Of(
            ("wantsSum", true),
            ("content.sha256", null),
            ("trouble", null),
            ("revokedAt", null),
            ("expiresAt", Is.Above(now))
        );
        var found = await database.ReadAsync(session => session.FindAsync(Links, wanting, OldestFirst), cancellation);
        return found.FindAll(static link => link.Finished < link.Uses);
    }

    private static async Task<DownloadLink> RequireAsync(MongoSession session, string id) =>
        await session.GetAsync(Links, id) ?? throw MetadataErrors.Missing("download link", id);

    private Task<T> ChangeAsync<T>(string id, Func<MongoSession, Task<T>> work, CancellationToken cancellation) =>
        database.WriteBesideAsync($"link {id}", work, cancellation);

    /// <summary>Of a link of which a use is not finished; nothing happens with others.</summary>
    private Task ChangeUnfinishedAsync(
        string id,
        Func<DownloadLink, BsonDocument> change,
        CancellationToken cancellation
    ) =>
        ChangeAsync(
            id,
            async session =>
                await session.GetAsync(Links, id) is { } link
                && link.Begun > link.Finished
                && await session.UpdateAsync(Links, Doc.Id(id), change(link)),
            cancellation
        );
}
