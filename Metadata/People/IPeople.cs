namespace Backup.Metadata.People;

/// <summary>Who may use the appliance, and what each proves themself with. Secrets are kept as hashes, or sealed.</summary>
public interface IPeople
{
    IUsers Users { get; }

    ISecondFactors SecondFactors { get; }

    IMemberships Memberships { get; }

    IInvitations Invitations { get; }

    ISessions Sessions { get; }

    IApiTokens Tokens { get; }
}
