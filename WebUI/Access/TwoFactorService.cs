using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>Switches the second factor of an account on and off.</summary>
/// <param name="people">Where it is kept.</param>
/// <param name="box">Seals the secret.</param>
/// <param name="issuer">Under this the application lists it.</param>
/// <param name="time">The clock.</param>
internal sealed class TwoFactorService(IPeople people, Func<SecretBox> box, string issuer, TimeProvider time)
{
    /// <summary>What the secret is sealed for.</summary>
    internal static string PurposeOf(string userId) => $"second factor of user {userId}";

    /// <summary>A secret that is good for nothing until it is confirmed; what there was stays good until then.</summary>
    /// <returns>For people to type, and as a key URI.</returns>
    public async Task<(string Secret, string Uri)> OfferAsync(UserRecord user, CancellationToken cancellation)
    {
        var secret = Totp.NewSecret();
        await people.SecondFactors.OfferAsync(user.Id, box().Seal(secret, PurposeOf(user.Id)), cancellation);
        return (Totp.Base32(secret), Totp.Uri(issuer, user.Email, secret));
    }

    /// <summary>The offered secret is the account's from now on.</summary>
    /// <returns>The recovery codes, which are shown once.</returns>
    /// <exception cref="BackupException">8527, 8531.</exception>
    public async Task<IReadOnlyList<string>> ConfirmAsync(UserRecord user, string code, CancellationToken cancellation)
    {
        if (user.SealedTotpOffer is not { } offer)
        {
            throw WebUIErrors.NoOffer();
        }

        var secret = box().Open(offer, PurposeOf(user.Id));
        if (Totp.Match(secret, code, time.GetUtcNow(), lastStep: null) is not { } step)
        {
            throw WebUIErrors.CodeOfAnother();
        }

        var codes = Enumerable.Range(0, RecoveryCode.Count).Select(static _ => RecoveryCode.New()).ToList();
        var hashes = codes.Select(static one => RecoveryCode.Hash(one)!).ToList();
        return await people.SecondFactors.ConfirmAsync(user.Id, offer, step, hashes, cancellation)
            ? codes
            : throw WebUIErrors.NoOffer();
    }

    public Task RemoveAsync(UserRecord user, CancellationToken cancellation) =>
        people.SecondFactors.RemoveAsync(user.Id, cancellation);
}
