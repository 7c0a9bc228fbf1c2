using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoPeople(ITransactions database) : IPeople
{
    public IUsers Users { get; } = new MongoUsers(database);

    public ISecondFactors SecondFactors { get; } = new MongoSecondFactors(database);

    public IMemberships Memberships { get; } = new MongoMemberships(database);

    public IInvitations Invitations { get; } = new MongoInvitations(database);

    public ISessions Sessions { get; } = new MongoSessions(database);

    public IApiTokens Tokens { get; } = new MongoApiTokens(database);
}
