using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoAgentLogs(ITransactions database) : IAgentLogs
{
    private static readonly Collection<AgentLogRecord> Logs = RequestCollections.AgentLogs;

    public Task RequestAsync(AgentLogRecord request, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.AnyAsync(AccessCollections.Agents, Doc.Id(request.AgentId)))
                {
                    throw MetadataErrors.Missing("agent", request.AgentId);
                }

                await session.PutAsync(Logs, Doc.Id(request.AgentId), request with { Excerpt = null });
            },
            cancellation
        );

    public Task<AgentLogRecord?> FindAsync(string agentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Logs, agentId), cancellation);

    public Task<bool> AnswerAsync(
        string agentId,
        string requestId,
        string excerpt,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
                session.UpdateAsync(
                    Logs,
                    Doc.Of(("_id", agentId), ("requestId", requestId), ("excerpt", null)),
                    Doc.Set(("excerpt", excerpt))
                ),
            cancellation
        );
}
