namespace Backup.Metadata.People;

/// <summary>Authenticator applications and recovery codes. Each code is good once, which is looked at and written down in one step.</summary>
public interface ISecondFactors
{
    /// <summary>A secret that is good for nothing until <see cref="ConfirmAsync"/>; it takes the place of an older such one.</summary>
    Task OfferAsync(string userId, byte[] sealedSecret, CancellationToken cancellation = default);

    /// <summary>
    /// The offered secret is the user's from now on, with those recovery codes and no others. False, and nothing changed, where another one was
    /// offered meanwhile.
    /// </summary>
    /// <param name="userId">6009 where there is none.</param>
    /// <param name="sealedSecret">The one that was offered.</param>
    /// <param name="step">Of the code that confirmed it.</param>
    /// <param name="recoveryCodes">Their hashes.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<bool> ConfirmAsync(
        string userId,
        byte[] sealedSecret,
        long step,
        IReadOnlyList<byte[]> recoveryCodes,
        CancellationToken cancellation = default
    );

    /// <summary>No second factor from now on; the recovery codes are gone too. Nothing happens where there is none.</summary>
    Task RemoveAsync(string userId, CancellationToken cancellation = default);

    /// <summary>Uses that step up. False where it, or a later one, was used before.</summary>
    Task<bool> UseStepAsync(string userId, long step, CancellationToken cancellation = default);

    /// <summary>Uses that recovery code up. False where it is not one of the user's, or was used before.</summary>
    Task<bool> UseRecoveryCodeAsync(
        string userId,
        byte[] hash,
        DateTimeOffset now,
        CancellationToken cancellation = default
    );

    /// <summary>How many recovery codes are left.</summary>
    Task<int> RecoveryCodesLeftAsync(string userId, CancellationToken cancellation = default);
}
