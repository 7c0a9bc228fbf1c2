using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAnswers(ITransactions database) : IAnswers
{
    private static readonly Collection<AnswerRecord> Answers = RequestCollections.Answers;

    public Task<AnswerRecord?> BeginAsync(
        AnswerRecord row,
        DateTimeOffset forgetBefore,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                await session.DeleteAsync(Answers, Doc.Of(("at", Is.Below(forgetBefore))));
                var there = await session.FirstAsync(Answers, Of(row.CallerId, row.Key));
                if (there is null)
                {
                    await session.InsertAsync(Answers, row with { Status = null, Body = null, Location = null });
                }

                return there;
            },
            cancellation
        );

    public Task EndAsync(
        string callerId,
        string key,
        int status,
        byte[]? body,
        string? location,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.UpdateAsync(
                    Answers,
                    Of(callerId, key),
                    Doc.Set(("status", status), ("body", body), ("location", location))
                ),
            cancellation
        );

    public Task RemoveAsync(string callerId, string key, CancellationToken cancellation = default) =>
        database.WriteAsync(session => session.DeleteAsync(Answers, Of(callerId, key)), cancellation);

    private static BsonDocument Of(string callerId, string key) => Doc.Of(("callerId", callerId), ("key", key));
}
