using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Commands;

/// <summary>Waits, after a write, for as many members as the client asked for.</summary>
internal static class WriteConcern
{
    /// <summary>The reply, with a <c>writeConcernError</c> where the wish was not fulfilled: what was written stays written.</summary>
    public static async ValueTask<BsonDocument> HonourAsync(
        CommandContext context,
        BsonDocument reply,
        CancellationToken cancellation
    )
    {
        if (context.Document("writeConcern"u8) is not { } concern || !concern.View.TryGet("w"u8, out var w))
        {
            return reply;
        }

        var member = context.Member;
        var config = member.Set.Config;
        var isMajority = w.Type == BsonType.String;
        if (isMajority && w.AsString != "majority")
        {
            return With(reply, 79, "UnknownReplWriteConcern", $"No write concern mode named '{w.AsString}' found");
        }

        var count = isMajority ? config.WriteMajority : (int)w.ToInt64();
        if (count > config.Members.Count(static one => one.BearsData))
        {
            return With(reply, 100, "UnsatisfiableWriteConcern", "Not enough data-bearing nodes");
        }

        var limit = concern.View.TryGet("wtimeout"u8, out var given) && given.ToInt64() > 0 ? given.ToInt64() : 0;
        var (term, at) = (member.Engine.Term, member.Engine.Oplog.Last);
        var started = member.Time.GetTimestamp();
        while (true)
        {
            var changed = member.Engine.Oplog.Changed;
            if (isMajority ? member.Engine.Oplog.Majority >= at : member.Set.CountOf(member, at) >= count)
            {
                return reply;
            }

            if (!member.IsPrimary || member.Engine.Term != term)
            {
                const string why = "Primary stepped down while waiting for replication";
                return With(reply, 189, "PrimarySteppedDown", why);
            }

            var left = TimeSpan.FromMilliseconds(limit) - member.Time.GetElapsedTime(started);
            if (limit > 0 && left <= TimeSpan.Zero)
            {
                return With(reply, 64, "WriteConcernFailed", "waiting for replication timed out", isLate: true);
            }

            await Task.WhenAny(
                changed,
                Task.Delay(limit > 0 ? left : TimeSpan.FromSeconds(1), member.Time, cancellation)
            );
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private static BsonDocument With(BsonDocument reply, int code, string name, string message, bool isLate = false) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in reply.View)
            {
                w.Element(field);
            }

            w.BeginDocument("writeConcernError"u8).Int32("code"u8, code).String("codeName"u8, name);
            w.String("errmsg"u8, message);
            if (isLate)
            {
                w.BeginDocument("errInfo"u8).Boolean("wtimeout"u8, true).EndDocument();
            }

            w.EndDocument();
        });
}
