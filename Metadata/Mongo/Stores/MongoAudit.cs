using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Adds and reads. Records are added one after another, so that whoever has read on up to one has seen all before it.</summary>
internal sealed class MongoAudit(ITransactions database) : IAudit
{
    private static readonly Collection<AuditRecord> Audit = RequestCollections.Audit;
    private static readonly BsonDocument NewestFirst = Doc.Of(("_id", -1));

    public Task AddAsync(AuditRecord record, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var ordinal = await session.NextAsync(Audit.Name);
                await session.InsertAsync(Audit, record with { Ordinal = ordinal });
            },
            cancellation
        );

    public async Task<IReadOnlyList<AuditRecord>> ListAsync(
        DateTimeOffset since,
        int limit,
        CancellationToken cancellation = default
    )
    {
        var newestFirst = await database.ReadAsync(
            session => session.FindAsync(Audit, Doc.Of(("at", Is.AtLeast(since))), NewestFirst, limit),
            cancellation
        );
        newestFirst.Reverse();
        return newestFirst;
    }

    public async Task<IReadOnlyList<AuditRecord>> FindAsync(
        AuditQuery query,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
            {
                var found = Doc.Of(("at", Is.AtLeast(query.Since)), ("_id", Is.Below(query.Before ?? long.MaxValue)));
                var filter = query.OfAll
                    ? found
                    : Doc.Both(found, Doc.Of(MongoAccess.About(query.GroupId, query.WithAppliance)));
                return session.FindAsync(Audit, filter, NewestFirst, query.Limit);
            },
            cancellation
        );
}
